import type { CookieOptions, Request, Response } from 'express';
import { SESSION_DURATION } from './session.store.js';

/** Returns the id in the session cookie of a request, or '' if it has none. */
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

/** With this prefix browsers accept the cookie only from this host, and only by https. */
function nameFor({ secure }: Request): string {
  return secure ? '__Host-session' : 'session';
}

/**
 * Sets the session cookie. No script can read it. With `lax` a link from a mail opens signed in, but a form or a script
 * of another site sends no cookie. Express sets `secure`, behind a proxy by `trust proxy`.
 */
function optionsFor({ secure }: Request): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', secure, path: '/' };
}
