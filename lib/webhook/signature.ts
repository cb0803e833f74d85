import { createHmac } from 'node:crypto';

/** The parts of a message that its signature covers. */
export interface SignedParts {
  readonly id: string;
  /** seconds since 1970 */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * Returns the signature of a message as Standard Webhooks 1.0.0 defines it, which libraries of many languages verify: the
 * HMAC-SHA256 of id, timestamp and body.
 */
export function signatureOf(key: Buffer, { id, timestamp, body }: SignedParts): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
