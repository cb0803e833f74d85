import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request } from 'express';
import { sessionIdOf } from './session.cookie.js';
import { SessionStore } from './session.store.js';

/** Admits the signed-in owner. SignInFilter turns its exception into a redirect to the login. */
@Injectable()
export class OwnerGuard implements CanActivate {
  constructor(private readonly sessions: SessionStore) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    if (!this.sessions.isOpen(sessionIdOf(request))) throw new UnauthorizedException('Sign in at /login first');
    return true;
  }
}
