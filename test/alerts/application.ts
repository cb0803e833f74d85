import type { TestingModule } from '@nestjs/testing';
import { AlertService, type AlertCall, type StatisticAlert } from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { AlertState } from '../../lib/alerts/alert.entity.js';
import { start, type ApplicationOptions } from '../module/application.js';
import type { TestClock } from 'nestjs-trackstats/testing';

/** Collects the calls of alerts, of all applications of a test. */
export class Calls {
  readonly all: AlertCall[] = [];
  /** what the methods do after they were recorded */
  then: (alert: AlertCall) => unknown = () => undefined;

  take(alert: AlertCall): unknown {
    this.all.push(alert);
    return this.then(alert);
  }

  /** The calls in short: 'firing 2026-11-01 7'. */
  get short(): string[] {
    return (this.all as StatisticAlert[]).map(({ status, date, value }) => `${status} ${date} ${String(value)}`);
  }

  clear(): void {
    this.all.length = 0;
    this.then = () => undefined;
  }
}

/** An application whose schedules are off and whose clock the test sets. */
export async function startAt(clock: TestClock, options: ApplicationOptions): Promise<TestingModule> {
  const { trackstats, ...more } = options;
  return start({ ...more, trackstats: { clock: clock.now, scheduling: false, ...trackstats } });
}

/** Lets the lease of a call that is going on, or the pause after one that failed, run out. */
export async function endLeases(module: TestingModule): Promise<void> {
  await module.get(DataSource).createQueryBuilder().update(AlertState).set({ until: '0' }).execute();
}

export function evaluate(module: TestingModule): ReturnType<AlertService['evaluate']> {
  return module.get(AlertService).evaluate();
}
