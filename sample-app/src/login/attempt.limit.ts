/**
 * How many attempts may be made in a time: few by one address, more by all together, as addresses are cheap. That they
 * are few in all also keeps the list short, and the slow hash from being asked for at will.
 */
export class AttemptLimit {
  private attempts: { address: string; at: number }[] = [];

  /** @param duration milliseconds */
  constructor(
    private readonly most: { byAddress: number; byAll: number },
    private readonly duration: number,
    private readonly now = Date.now,
  ) {}

  /** Counts an attempt before it is made, so that many at the same time count, too. False: one too many. */
  take(address: string): boolean {
    const at = this.now();
    this.attempts = this.attempts.filter((attempt) => attempt.at > at - this.duration);
    const own = this.attempts.filter((attempt) => attempt.address === address);
    if (own.length >= this.most.byAddress || this.attempts.length >= this.most.byAll) return false;
    this.attempts.push({ address, at });
    return true;
  }

  /** Those of an address that has the password after all. */
  forgive(address: string): void {
    this.attempts = this.attempts.filter((attempt) => attempt.address !== address);
  }
}
