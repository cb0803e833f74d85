import { ConsoleLogger } from '@nestjs/common';

/** Logs warnings, and errors once the application has started. Earlier errors are thrown and printed in one line. */
export class StartLogger extends ConsoleLogger {
  hasStarted = false;

  constructor() {
    super({ logLevels: ['error', 'warn'] });
  }

  override error(message: unknown, ...details: string[]): void {
    if (this.hasStarted) super.error(message, ...details);
  }
}
