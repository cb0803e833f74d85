import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** Milliseconds: twelve hours, however busy the session is. */
export const SESSION_DURATION = 12 * 60 * 60 * 1000;

/**
 * The sessions of this process; a restart ends them all. Several processes need a table in their place. Hashes of the
 * ids are kept, so that nobody who reads the store can use what stands there.
 */
@Injectable()
export class SessionStore {
  private readonly ends = new Map<string, number>();

  /** Begins a session: its id, which nobody can guess. */
  begin(): string {
    this.forgetEnded();
    const id = randomBytes(32).toString('base64url');
    this.ends.set(hashOf(id), Date.now() + SESSION_DURATION);
    return id;
  }

  isOpen(id: string): boolean {
    return (this.ends.get(hashOf(id)) ?? 0) > Date.now();
  }

  /** On the server, too: a cookie that was stolen is worth nothing afterwards. */
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
