/**
 * Limits the attempts in a period of time: a few per address, and more in total, because addresses are cheap. The total
 * also keeps the list short, and stops strangers from keeping the slow hash busy.
 */
export class AttemptLimit {
  private attempts: { address: string; at: number }[] = [];

  /** @param duration milliseconds */
  constructor(
    private readonly most: { byAddress: number; byAll: number },
    private readonly duration: number,
    private readonly now = Date.now,
  ) {}

  /** Counts an attempt before it is made, so that simultaneous ones count too. Returns false if it is one too many. */
  take(address: string): boolean {
    const at = this.now();
    this.attempts = this.attempts.filter((attempt) => attempt.at > at - this.duration);
    const own = this.attempts.filter((attempt) => attempt.address === address);
    if (own.length >= this.most.byAddress || this.attempts.length >= this.most.byAll) return false;
    this.attempts.push({ address, at });
    return true;
  }

  /** Forgets the attempts of an address that has signed in. */
  forgive(address: string): void {
    this.attempts = this.attempts.filter((attempt) => attempt.address !== address);
  }
}
