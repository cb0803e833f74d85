import { InterruptedError } from '../errors/cli.error.js';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type Handled = keyof typeof EXIT_CODES;

/** The exit code of a process that a signal stopped, as shells define it. */
export function exitCodeOf({ signal }: InterruptedError): number {
  return EXIT_CODES[signal as Handled];
}

/** Handles Ctrl-C while a command runs: the first cancels the command, the second ends the process. */
export class Interruption {
  private readonly controller = new AbortController();
  private readonly handlers = (Object.keys(EXIT_CODES) as Handled[]).map((signal) => {
    const handler = (): void => {
      this.interrupt(signal);
    };
    return { signal, handler };
  });

  /** @param onFirst tells that the command stops */
  constructor(private readonly onFirst: () => void) {
    for (const { signal, handler } of this.handlers) process.on(signal, handler);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  end(): void {
    for (const { signal, handler } of this.handlers) process.off(signal, handler);
  }

  private interrupt(signal: Handled): void {
    if (this.signal.aborted) process.exit(EXIT_CODES[signal]);
    this.controller.abort(new InterruptedError(signal));
    this.onFirst();
  }
}
