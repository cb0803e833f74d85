import { createHash } from 'node:crypto';

/**
 * A weak entity tag of a body: weak, since a proxy that compresses the body leaves it as it is.
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
