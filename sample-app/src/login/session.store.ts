import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** Twelve hours in milliseconds, whether or not the session is used. */
export const SESSION_DURATION = 12 * 60 * 60 * 1000;

/**
 * The sessions of this process. A restart ends them all, and several processes need a table instead. Only hashes of the
 * ids are stored, so that somebody who reads the store cannot use them.
 */
@Injectable()
export class SessionStore {
  private readonly ends = new Map<string, number>();

  /** Begins a session. Returns its random id. */
  begin(): string {
    this.forgetEnded();
    const id = randomBytes(32).toString('base64url');
    this.ends.set(hashOf(id), Date.now() + SESSION_DURATION);
    return id;
  }

  isOpen(id: string): boolean {
    return (this.ends.get(hashOf(id)) ?? 0) > Date.now();
  }

  /** Ends a session on the server too, so that a stolen cookie is worthless. */
  end(id: string): void {
    this.ends.delete(hashOf(id));
  }

  private forgetEnded(): void {
    const now = Date.now();
    for (const [hash, end] of this.ends) if (end <= now) this.ends.delete(hash);
  }
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
