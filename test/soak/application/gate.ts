import { Injectable } from '@nestjs/common';

/** What the parent of a process can hold up in it. */
@Injectable()
export class Gate {
  /** seconds that the query of `slow` takes; undefined: as the settings say */
  sleep: number | undefined;
  private open: (() => void) | null = null;
  private opened = Promise.resolve();

  /** The next ones wait until it is opened. */
  close(): void {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }

  letPass(): void {
    this.open?.();
    this.open = null;
  }

  async passed(): Promise<void> {
    if (this.open !== null) process.send?.({ event: { type: 'waiting' } });
    await this.opened;
  }
}
