import { ConsoleLogger } from '@nestjs/common';

/** Warns, and logs errors once the application has started: what fails before is thrown, and told in one line. */
export class StartLogger extends ConsoleLogger {
  hasStarted = false;

  constructor() {
    super({ logLevels: ['error', 'warn'] });
  }

  override error(message: unknown, ...details: string[]): void {
    if (this.hasStarted) super.error(message, ...details);
  }
}
