import type { LoggerService } from '@nestjs/common';
import type { Output } from './output.js';

/** Writes the application's log to stderr, so that it does not mix with results: warnings and errors, or everything. */
export class StderrLogger implements LoggerService {
  constructor(
    private readonly output: Output,
    private readonly isVerbose: () => boolean,
  ) {}

  log(message: unknown, ...more: unknown[]): void {
    if (this.isVerbose()) this.print(message, more);
  }

  debug(message: unknown, ...more: unknown[]): void {
    this.log(message, ...more);
  }

  verbose(message: unknown, ...more: unknown[]): void {
    this.log(message, ...more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    this.print(message, more);
  }

  error(message: unknown, ...more: unknown[]): void {
    // a stack comes before the context
    this.print(message, this.isVerbose() ? more : more.slice(-1));
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.error(message, ...more);
  }

  private print(message: unknown, more: readonly unknown[]): void {
    const context = more.at(-1);
    const text = message instanceof Error ? message.message : String(message);
    const rest = more.slice(0, -1).filter((part): part is string => typeof part === 'string');
    this.output.note([`${typeof context === 'string' ? `[${context}] ` : ''}${text}`, ...rest].join('\n'));
  }
}
