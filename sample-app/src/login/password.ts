import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** OWASP's advice for scrypt: 32 MiB and three passes, which takes some tenths of a second. */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 };

/**
 * Checks a password, and keeps only its slow hash. An application with many users stores salt and hash per user. It
 * also computes a hash for unknown names, so that the time does not reveal which names exist.
 */
export class Password {
  private constructor(
    private readonly salt: Buffer,
    private readonly hash: Buffer,
  ) {}

  static async of(text: string): Promise<Password> {
    const salt = randomBytes(16);
    return new Password(salt, await derive(text, salt));
  }

  /** Compares in constant time. */
  async matches(text: string): Promise<boolean> {
    return timingSafeEqual(await derive(text, this.salt), this.hash);
  }
}

/** Normalizes, because keyboards type the same text as different code points: `é` is one or two. */
function derive(text: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(text.normalize('NFKC'), salt, 32, COST, (error, hash) => {
      if (error) reject(error);
      else resolve(hash);
    });
  });
}
