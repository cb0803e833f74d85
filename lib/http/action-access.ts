import {
  createParamDecorator,
  Inject,
  Injectable,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import { isObservable, lastValueFrom, type Observable } from 'rxjs';
import type { Guard } from './http.options.js';
import { ACTION_GUARDS } from './http.options.js';

const admitted = new WeakSet<object>();

/** True if the action guards admit the user of the request, on routes that `ActionAccessInterceptor` serves. */
export const MayAct = createParamDecorator((_: unknown, context: ExecutionContext): boolean =>
  admitted.has(context.switchToHttp().getRequest<object>()),
);

/**
 * Asks the action guards about the user of a reading request, so that a page shows buttons only to those who may press
 * them. No request is refused for it: a refusal might open a login, or be written to an audit log.
 */
@Injectable()
export class ActionAccessInterceptor implements NestInterceptor {
  constructor(
    @Inject(ACTION_GUARDS) private readonly guards: readonly Guard[],
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<object>();
    if (await this.admits(context, request)) admitted.add(request);
    return next.handle();
  }

  private async admits(context: ExecutionContext, request: object): Promise<boolean> {
    if (this.guards.length === 0) return false;
    try {
      for (const guard of this.guards) {
        const result = (await this.instanceOf(guard, request)).canActivate(context);
        const isAdmitted = isObservable(result) ? await lastValueFrom(result) : await result;
        if (!isAdmitted) return false;
      }
      return true;
    } catch {
      return false; // a guard refuses by throwing
    }
  }

  private async instanceOf(guard: Guard, request: object): Promise<CanActivate> {
    if (typeof guard !== 'function') return guard;
    const contextId = ContextIdFactory.getByRequest(request);
    this.moduleRef.registerRequestByContextId(request, contextId); // for a guard that is made for each request
    return this.moduleRef.resolve(guard, contextId, { strict: true });
  }
}
