import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Database } from '../database/database.js';
import type { Clock } from '../trackstats.tokens.js';
import type { Alert, AlertCall, ObservedDetail } from './alert.js';
import { advance, type Observation } from './alert-progress.js';
import {
  type AlertChange,
  type AlertKey,
  insertAlert,
  isOpen,
  markSeen,
  readAlerts,
  removeUnseen,
  renewCall,
  type StoredAlert,
  updateAlert,
} from './alert.store.js';
import { messageOf, storableMessage } from '../errors/error-message.js';

/** A change of the status of an alert, as it is stored until its method has returned. */
interface Crossing {
  readonly id: string;
  readonly status: AlertCall['status'];
  /** ISO 8601, UTC */
  readonly at: string;
  readonly observed: ObservedDetail;
}

/** An alert, and one of the trackers that it watches: an empty name for statistics. */
export interface WatchedPart {
  readonly alert: Alert;
  readonly tracker: string;
}

/** Milliseconds until a call that failed is made again. It doubles each time, up to an hour. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [60_000, 3_600_000];
const LONGEST_ERROR = 2_000;
const DAY = 86_400_000;
/** Longer than a deployment takes, in which processes of two versions have alerts of two definitions. */
const FORGOTTEN_AFTER = 30 * DAY;

/**
 * Evaluates alerts and calls their methods, each crossing in one process of the application.
 *
 * A crossing is stored together with the right to call the method, by one conditional UPDATE. It is removed when the
 * method has returned. So no replica makes a call that another one makes, and the call of a process that died is made
 * again once its right has run out.
 */
export class AlertEvaluator {
  private readonly logger = new Logger('Trackstats');
  /** when this process last removed the alerts that no process has any more */
  private forgotAt: number | null = null;
  /** the alerts of more objects than they can fire for, of which each was told once */
  private readonly warned = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    /** milliseconds after which a process that makes a call counts as dead */
    private readonly lockAtMostFor: number,
  ) {}

  /**
   * Looks at what an alert watches, and calls its method for each crossing since the last look.
   *
   * @param tracker one of `alert.watch.trackers()`
   */
  async evaluate({ alert, tracker }: WatchedPart, signal?: AbortSignal): Promise<void> {
    const { name, fingerprint } = alert;
    for (const part of (await this.objectsOf(alert)) ?? [tracker]) {
      const key = { name, fingerprint, tracker: part };
      while (signal?.aborted !== true && (await this.step(alert, key))) {
        // the next crossing, if there was more than one
      }
    }
  }

  /** Finds the objects to look at of an alert that watches each of a type. Returns null for other alerts. */
  private async objectsOf(alert: Alert): Promise<readonly string[] | null> {
    if (alert.watch.discover === undefined) return null;
    const stored = await this.database.read(() => readAlerts(this.database, alert));
    const { ids, left } = await alert.watch.discover(
      [...stored].filter(([, state]) => isOpen(state)).map(([id]) => id),
    );
    if (left > 0 && !this.warned.has(alert.name)) {
      this.logger.warn(
        `Alert ${alert.name}: more objects meet its condition than it can fire for, which are ${ids.length}. ` +
          `Choose a condition that fewer of them meet, or watch some of them with object.`,
      );
      this.warned.add(alert.name);
    }
    return ids;
  }

  /**
   * Removes, once a day, the state of alerts that no process has evaluated for 30 days: of names, definitions, trackers and
   * objects that are no more. Call it after the alerts of this process were evaluated, which may have stood still for longer.
   */
  async forgetUnseen(): Promise<void> {
    const now = this.clock().getTime();
    if (this.forgotAt !== null && Math.abs(now - this.forgotAt) < DAY) return;
    this.forgotAt = now;
    await this.database.transaction(() => removeUnseen(this.database, FORGOTTEN_AFTER));
  }

  /** Takes one crossing, or a call that was not finished. Returns true if there may be more. */
  private async step(alert: Alert, key: AlertKey): Promise<boolean> {
    const stored = await this.stateOf(key);
    // before it looks: an alert that cannot be evaluated is still one of this process
    if (stored.seen === null || stored.now - stored.seen > DAY) {
      await this.database.transaction(() => markSeen(this.database, key));
    }
    if (stored.crossing !== null) return this.takeOver(alert, key, stored, stored.crossing);
    const observations = await alert.watch.observe(key.tracker, stored.moment);
    const seen = observations.length > 0 ? observations : await this.lossOf(alert, stored);
    const { progress, last, crossed } = advance(stored, seen);
    if (last === null) return false;
    const observed = JSON.stringify(last.detail);
    if (!crossed) {
      const isSame = progress.moment === stored.moment && observed === stored.observed;
      if (!isSame) await this.update(key, stored.version, { moment: progress.moment, observed });
      return false;
    }
    const at = this.clock();
    const crossing: Crossing = {
      id: randomUUID(),
      status: progress.status === 'firing' ? 'firing' : 'recovered',
      at: at.toISOString(),
      observed: last.detail,
    };
    const changed: AlertChange = { ...progress, observed, crossed: observed, since: at.getTime() };
    if (crossing.status === 'recovered' && !alert.recovered) {
      await this.update(key, stored.version, changed);
      return true;
    }
    const begun = { crossing: JSON.stringify(crossing), leaseFor: this.lockAtMostFor, attempts: 1, error: null };
    // otherwise another replica was faster: the next step sees what it has stored
    if (!(await this.update(key, stored.version, { ...changed, ...begun }))) return true;
    return this.call(alert, key, { version: stored.version + 1, attempt: 1 }, crossing);
  }

  /** Ends an alert that is firing for what was removed, which no value would end. */
  private async lossOf(
    { watch }: Alert,
    { status, moment, observed }: StoredAlert,
  ): Promise<readonly Observation<ObservedDetail>[]> {
    if (status !== 'firing' || moment === null || observed === null || watch.lost === undefined) return [];
    const detail = await watch.lost(JSON.parse(observed) as ObservedDetail);
    return detail === null ? [] : [{ moment, verdict: 'recovered', detail }];
  }

  /** Makes a call again that failed, or whose process died. Leaves it alone while its lease lasts. */
  private async takeOver(alert: Alert, key: AlertKey, stored: StoredAlert, crossing: string): Promise<boolean> {
    if (stored.until !== null && stored.until > stored.now) return false;
    const attempt = stored.attempts + 1;
    const taken = { leaseFor: this.lockAtMostFor, attempts: attempt };
    if (!(await this.update(key, stored.version, taken))) return false;
    return this.call(alert, key, { version: stored.version + 1, attempt }, JSON.parse(crossing) as Crossing);
  }

  /** Calls the method, and removes the crossing when it has returned. Returns true if it has. */
  private async call(
    alert: Alert,
    key: AlertKey,
    { version, attempt }: { version: number; attempt: number },
    { id, status, at, observed }: Crossing,
  ): Promise<boolean> {
    const heartbeat = setInterval(() => void this.renew(key, version), this.lockAtMostFor / 3).unref();
    try {
      const described = await alert.watch.describe(key.tracker, observed, status);
      const argument = { ...described, id, name: alert.name, status, at: new Date(at), attempt };
      return await this.attempt(alert, key, version, argument);
    } finally {
      clearInterval(heartbeat);
    }
  }

  private async attempt(alert: Alert, key: AlertKey, version: number, argument: AlertCall): Promise<boolean> {
    try {
      await alert.call(argument);
    } catch (error) {
      this.logger.error(
        `Alert ${alert.name}: its method failed, and is called again later. ${argument.text}`,
        error instanceof Error ? error.stack : String(error),
      );
      const leaseFor = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (argument.attempt - 1));
      await this.update(key, version, { leaseFor, error: storableMessage(messageOf(error), LONGEST_ERROR) });
      return false;
    }
    return this.update(key, version, { crossing: null, leaseFor: null, attempts: 0, error: null });
  }

  private async stateOf(key: AlertKey): Promise<StoredAlert> {
    const find = async (): Promise<StoredAlert | undefined> =>
      (await this.database.read(() => readAlerts(this.database, key))).get(key.tracker);
    const found = await find();
    if (found !== undefined) return found;
    await this.database.transaction(() => insertAlert(this.database, key));
    return (await find()) as StoredAlert;
  }

  private update(key: AlertKey, version: number, change: AlertChange): Promise<boolean> {
    return this.database.transaction(() => updateAlert(this.database, key, version, change));
  }

  private async renew(key: AlertKey, version: number): Promise<void> {
    try {
      await this.database.transaction(() => renewCall(this.database, key, version, this.lockAtMostFor));
    } catch {
      // the next heartbeat tries again; if the lease runs out, another replica makes the call too
    }
  }
}
