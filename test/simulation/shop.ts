// before the entities, whose columns have the type Date
import './virtual-time.js';
import {
  defineDomain,
  defineMetric,
  ObjectsByDateAndObjectTracker,
  Period,
  sum,
  TRACKSTATS_ENTITIES,
  type TrackerService,
} from 'nestjs-trackstats';
import type { ModelRow, ModelTracker } from '../properties/model.js';
import { Member, Payment } from '../properties/payments.js';
import type { SimulatedDatabase } from './simulated-database.js';

export const SIMULATED_ENTITIES = [...TRACKSTATS_ENTITIES, Member, Payment];
export const MEMBERS = [1, 2, 3];

const DOMAIN = defineDomain({ ref: 'simulation' });
export const AMOUNTS = defineMetric({ domain: DOMAIN, ref: 'amounts' });
export const VISITS = defineMetric({ domain: DOMAIN, ref: 'visits' });

export const LIKES = defineMetric({ domain: DOMAIN, ref: 'likes' });
export const STOCK = defineMetric({ domain: DOMAIN, ref: 'stock' });

/** The name of the tracker of AMOUNTS. */
export const TRACKER = 'amounts';
/** The tracker as the model knows it. */
export const MODEL: ModelTracker = { aggregate: 'sum', byUser: true, density: 'changes', zone: 'UTC' };
export const PERIODS = [Period.DAY, Period.LIFETIME] as const;

/** The options of the tracker that scenarios change. */
export interface TrackerChanges {
  readonly period?: readonly Period[];
  readonly history?: 'current';
  readonly scrub?: { readonly days: number; readonly every: string };
  readonly keep?: Readonly<Record<string, number>>;
}

/** Registers the tracker. */
export function registerAmounts(
  trackers: TrackerService,
  changes: TrackerChanges = {},
  every: '1 hour' | '12 hours' = '1 hour',
): Promise<unknown> {
  const tracker = new ObjectsByDateAndObjectTracker<Payment>({
    metric: AMOUNTS,
    period: PERIODS,
    dateField: 'at',
    objectField: 'member',
    aggregate: sum('amount'),
    lookback: 3,
    ...changes,
  } as never);
  const job = { name: TRACKER, source: Payment, every, timeout: 60_000, retries: 2 } as const;
  return trackers.register(tracker, job);
}

/** The rows that the tracker counts. The application changes them, each change in a transaction of its own. */
export class Payments {
  rows: ModelRow[] = [];
  private nextId = 1;

  constructor(private readonly database: SimulatedDatabase) {}

  add(at: number, user: number | null, amount: number): void {
    const row = { id: this.nextId++, at, user, amount };
    this.rows = [...this.rows, row];
    this.database.outside.execute('INSERT INTO payment (id, at, member_id, amount) VALUES (?, ?, ?, ?)', [
      row.id,
      new Date(at).toISOString().replace('T', ' ').slice(0, -1),
      user,
      (amount / 100).toFixed(2),
    ]);
  }

  remove(id: number): void {
    this.rows = this.rows.filter((row) => row.id !== id);
    this.database.outside.execute('DELETE FROM payment WHERE id = ?', [id]);
  }

  change(id: number, amount: number): void {
    this.rows = this.rows.map((row) => (row.id === id ? { ...row, amount } : row));
    this.database.outside.execute('UPDATE payment SET amount = ? WHERE id = ?', [(amount / 100).toFixed(2), id]);
  }
}
