import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { OwnerGuard } from './owner.guard.js';
import { SessionStore } from './session.store.js';

export const IS_PUBLIC = Symbol('is public');

/** Admits the owner, and everybody if the application is public. */
@Injectable()
export class ReaderGuard extends OwnerGuard {
  constructor(
    sessions: SessionStore,
    @Inject(IS_PUBLIC) private readonly isPublic: boolean,
  ) {
    super(sessions);
  }

  override canActivate(context: ExecutionContext): boolean {
    return this.isPublic || super.canActivate(context);
  }
}
