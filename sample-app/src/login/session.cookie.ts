import type { CookieOptions, Request, Response } from 'express';
import { SESSION_DURATION } from './session.store.js';

/** The id in the session cookie of a request; '' where there is none. */
export function sessionIdOf(request: Request): string {
  const start = `${nameFor(request)}=`;
  const cookies = request.headers.cookie?.split(/; */) ?? [];
  return cookies.find((cookie) => cookie.startsWith(start))?.slice(start.length) ?? '';
}

export function setSessionCookie(response: Response, id: string): void {
  response.cookie(nameFor(response.req), id, { ...optionsFor(response.req), maxAge: SESSION_DURATION });
}

export function clearSessionCookie(response: Response): void {
  response.clearCookie(nameFor(response.req), optionsFor(response.req));
}

/** With this prefix browsers take the cookie from this very host alone, and by https alone. */
function nameFor({ secure }: Request): string {
  return secure ? '__Host-session' : 'session';
}

/**
 * No script can read it. Lax: a link from a mail finds its reader signed in, while a form or a script of another site
 * sends no cookie. `secure` is what express says, behind a proxy by `trust proxy`.
 */
function optionsFor({ secure }: Request): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', secure, path: '/' };
}
