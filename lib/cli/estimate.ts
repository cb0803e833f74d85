/** Tells how long is left, by what has been done since the first report. */
export class Estimate {
  private first: { readonly fraction: number; readonly at: number } | null;

  /**
   * @param now milliseconds of a clock that only goes forward
   * @param isFresh the work begins at nothing; what is gone on with begins where its first report says
   */
  constructor(
    private readonly now: () => number,
    isFresh: boolean,
  ) {
    this.first = isFresh ? { fraction: 0, at: now() } : null;
  }

  /** Milliseconds that are left; null: not known yet. */
  left(fraction: number): number | null {
    this.first ??= { fraction, at: this.now() };
    const done = fraction - this.first.fraction;
    return done <= 0 ? null : ((this.now() - this.first.at) / done) * (1 - fraction);
  }
}

/** A time as people say it: '3 h 5 min', '2 min 10 s', '8 s'. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
