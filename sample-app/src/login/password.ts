import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** What OWASP advises for scrypt: 32 MiB and three passes, some tenths of a second. */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 };

/**
 * A password of which nothing but a slow hash is kept. An application with many users stores salt and hash in a row of
 * each, and computes one for a name that it does not know, too, so that the time does not tell.
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

  /** Takes as long for a wrong one as for the right one. */
  async matches(text: string): Promise<boolean> {
    return timingSafeEqual(await derive(text, this.salt), this.hash);
  }
}

/** The same text may be typed as different code points: `é` is one or two. */
function derive(text: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(text.normalize('NFKC'), salt, 32, COST, (error, hash) => {
      if (error) reject(error);
      else resolve(hash);
    });
  });
}
