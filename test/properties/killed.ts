import { Cancellation } from '../../lib/database/cancellation.js';

/** The process that did some work is no more. */
export class Killed extends Error {}

/** Kills the process, so far as the database can tell, before the statement that comes after so many; the last is the COMMIT. */
export class Kill extends Cancellation {
  constructor(private left: number) {
    super({});
  }

  override check(): void {
    if (this.left-- <= 0) throw new Killed();
  }
}

/** What some work came to, or null where it was killed. */
export async function unlessKilled<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Killed) return null;
    throw error;
  }
}
