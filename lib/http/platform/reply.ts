import { createHash } from 'node:crypto';
import type { HttpAdapterHost } from '@nestjs/core';

type HttpAdapter = HttpAdapterHost['httpAdapter'];

interface Sending {
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sends a body that is JSON already, on whichever platform Nest runs. `nosniff` keeps browsers from taking a body for a
 * page: it contains text from outside, such as labels and ids of objects.
 */
export function sendJson(adapter: HttpAdapter, response: unknown, body: string, { status, headers }: Sending): void {
  if (adapter.isHeadersSent(response)) return;
  adapter.setHeader(response, 'Content-Type', 'application/json; charset=utf-8');
  adapter.setHeader(response, 'X-Content-Type-Options', 'nosniff');
  for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
  adapter.reply(response, body, status);
}

/**
 * Returns the entity tag of a body. It is weak, because a proxy may compress the body and keep the tag.
 *
 * @example etagOf('{}') // 'W/"RBNvo1WzZ4oRRq0W9-hknpT7T8If536D"'
 */
export function etagOf(body: string): string {
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 32)}"`;
}

/**
 * True if a client already has the body of a tag.
 *
 * @param ifNoneMatch the header of that name: '*', or tags separated by commas
 */
export function isKnown(etag: string, ifNoneMatch: unknown): boolean {
  if (typeof ifNoneMatch !== 'string') return false;
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  return ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((tag) => opaque(tag) === opaque(etag));
}
