/** Limits the number of tasks at one time. Further tasks wait, first come first served. */
export class RunLimit {
  private readonly waiting: (() => void)[] = [];
  private going = 0;

  constructor(private readonly most: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.going >= this.most) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.going++;
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      // its place goes to the next one
      if (next === undefined) this.going--;
      else next();
    }
  }
}
