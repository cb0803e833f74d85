import { type ArgumentsHost, Catch, UnauthorizedException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';

/** Redirects a browser that asked for a page to the login and back. Scripts and programs get 401. */
@Catch(UnauthorizedException)
export class SignInFilter extends BaseExceptionFilter {
  override catch(exception: UnauthorizedException, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const isPage = request.method === 'GET' && request.accepts(['json', 'html']) === 'html';
    if (!isPage) {
      super.catch(exception, host);
      return;
    }
    const response = host.switchToHttp().getResponse<Response>();
    response.redirect(303, `/login?to=${encodeURIComponent(request.originalUrl)}`);
  }
}
