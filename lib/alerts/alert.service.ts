import type { Database } from '../database/database.js';
import type { AlertCall, AlertInfo, Alert } from './alert.js';
import type { AlertRegistry } from './alert.registry.js';
import type { AlertScheduler } from './alert.scheduler.js';
import { isOpen, readAlerts, type StoredAlert } from './alert.store.js';

/**
 * Shows the state of the application's alerts, and evaluates them.
 *
 * @example const firing = (await alerts.list()).filter(({ status }) => status === 'firing');
 */
export class AlertService {
  /** @internal the module creates it */
  constructor(
    private readonly database: Database,
    private readonly registry: AlertRegistry,
    private readonly scheduler: AlertScheduler,
  ) {}

  /**
   * Returns the alerts of the application, in the order in which they were found. An alert that watches trackers is
   * there once for each of them. One that watches each object of a type is there once, and again for each object for
   * which it is firing.
   *
   * @throws NotStartedError
   */
  async list(): Promise<AlertInfo[]> {
    const infos: AlertInfo[] = [];
    for (const alert of this.registry.all('list')) {
      const stored = await this.database.read(() => readAlerts(this.database, alert));
      const objects = [...stored].filter(([id, state]) => id !== '' && isOpen(state)).map(([id]) => id);
      const parts = [...alert.watch.trackers(), ...(alert.watch.discover === undefined ? [] : objects.sort())];
      infos.push(...parts.map((part) => infoOf(alert, part, stored.get(part))));
    }
    return infos;
  }

  /**
   * Evaluates all alerts now, also where schedules are off, as in tests and scripts. Waits for the calls of their
   * methods.
   *
   * @returns the alerts, as `list` returns them
   * @throws NotStartedError, ShuttingDownError
   * @example
   * ```ts
   * await trackers.run(OrderTracker);
   * expect(await alerts.evaluate()).toMatchObject([{ name: 'OrderAlerts.fewOrders', status: 'firing' }]);
   * ```
   */
  async evaluate(): Promise<AlertInfo[]> {
    await this.scheduler.evaluate(this.registry.all('evaluate'));
    return this.list();
  }
}

function infoOf({ name, watch }: Alert, part: string, stored: StoredAlert | undefined): AlertInfo {
  return {
    name,
    condition: watch.condition,
    status: stored?.status ?? 'ok',
    since: stored === undefined || stored.since === null ? null : new Date(stored.since),
    ...watch.subject(part),
    observed: detailOf(stored?.observed ?? null),
    crossed: detailOf(stored?.crossed ?? null),
    undelivered: stored === undefined ? null : undeliveredOf(stored),
  } as AlertInfo;
}

function detailOf(json: string | null): object | null {
  return json === null ? null : (JSON.parse(json) as object);
}

function undeliveredOf({ crossing, attempts, error }: StoredAlert): AlertInfo['undelivered'] {
  if (crossing === null) return null;
  const { status } = JSON.parse(crossing) as Pick<AlertCall, 'status'>;
  return { status, attempts, error };
}
