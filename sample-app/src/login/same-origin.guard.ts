import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common';
import type { Request } from 'express';

/**
 * Rejects forms of other sites, and those without `Origin`, because they could sign a visitor in or out. SameSite alone
 * does not prevent this, because signing in needs no cookie. Every browser sends `Origin` with a POST.
 */
@Injectable()
export class SameOriginGuard implements CanActivate {
  canActivate(context: ExecutionContext): true {
    const { origin = '', host = '' } = context.switchToHttp().getRequest<Request>().headers;
    if (!URL.canParse(origin) || new URL(origin).host !== host.toLowerCase()) {
      throw new ForbiddenException(
        'This form was sent by another site, or by none: a browser says which in Origin. A proxy has to pass Host on as it is.',
      );
    }
    return true;
  }
}
