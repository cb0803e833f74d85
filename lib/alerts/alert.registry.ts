import { InvalidAlertError } from '../errors/alert.error.js';
import { NotStartedError } from '../errors/tracker.error.js';
import type { Alert } from './alert.js';

/** Holds the alerts of the application. It is empty until the application starts. */
export class AlertRegistry {
  private alerts: readonly Alert[] | null = null;

  /**
   * Enters all alerts.
   *
   * @throws InvalidAlertError if two have the same name
   */
  fill(alerts: readonly Alert[]): void {
    const names = new Set<string>();
    for (const { name } of alerts) {
      if (names.has(name)) {
        throw new InvalidAlertError(
          name,
          `there are two of this name, and the state of an alert is stored by its name. Give one of them another: name. ` +
            `A class that two modules provide has each of its alerts twice: provide it in one, and export it from there.`,
        );
      }
      names.add(name);
    }
    this.alerts = [...alerts];
  }

  /** @param call the call that an error names, if the application has not started */
  all(call: string): readonly Alert[] {
    if (this.alerts === null) throw new NotStartedError(call, 'alert');
    return this.alerts;
  }
}
