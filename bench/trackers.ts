import {
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  MetricService,
  type AnyTracker,
  type MetricDefinition,
  type Period,
} from '../lib/index.js';
import type { Contender, Prepared } from './bench-case.js';
import { NOW, USER, type Event, type Events } from './data.js';
import { comparing, HandSql } from './hand-sql.js';
import { TWIN, type Session, type StatisticTableName } from './session.js';

export const DOMAIN = defineDomain({ ref: 'bench' });
export const METRIC = defineMetric({ domain: DOMAIN, ref: 'events' });

export function totals(...period: readonly Period[]): AnyTracker<Event> {
  return new CountObjectsByDateTracker<Event>({ metric: METRIC, period, dateField: 'at' });
}

export function byUser(period: Period, density: 'daily' | 'changes'): AnyTracker<Event> {
  const objects = { objectField: 'userId', objectEntity: USER } as const;
  return new CountObjectsByDateAndObjectTracker<Event>({
    metric: METRIC,
    period,
    dateField: 'at',
    density,
    ...objects,
  });
}

/** A way to do it by hand: the statements of one transaction, with a name. */
export type ByHand = Readonly<Record<string, readonly string[]>>;

/** A tracker's first run over all of a table. */
export function firstRun(session: Session, tracker: AnyTracker<Event>, { table }: Events): Contender {
  const source = session.dataSource.getRepository<Event>(table);
  return {
    name: 'trackstats',
    reset: () => session.forgetStatistics(),
    run: () => session.trackers.track(tracker, source, { now: NOW }),
  };
}

/** A tracker's first run over all of a table, against statements that fill a twin of the statistics. */
export async function firstRunAgainst(
  session: Session,
  table: StatisticTableName,
  events: Events,
  tracker: AnyTracker<Event>,
  byHand: (hand: HandSql) => ByHand,
  asides: (hand: HandSql) => ByHand = () => ({}),
): Promise<Prepared> {
  await session.need(events);
  const hand = new HandSql(session.kind, events.table, await metricId(session, METRIC));
  const contenders = (ways: ByHand): Contender[] =>
    Object.entries(ways).map(([name, statements]) => ({
      name,
      reset: () => session.empty(TWIN[table]),
      run: () => session.transaction(statements),
    }));
  return {
    ours: { ...firstRun(session, tracker, events), reset: () => session.empty(table, 'trackstats_coverage') },
    baselines: contenders(byHand(hand)),
    asides: contenders(asides(hand)),
    check: () => checkSame(session, table),
    dispose: () => session.forgetStatistics(),
  };
}

/** Returns the id of a stored metric. */
export async function metricId(session: Session, metric: MetricDefinition): Promise<number> {
  const { id } = await session.get(MetricService).register({ domain: metric.domain, ref: metric.ref });
  return id;
}

export async function checkSame(session: Session, table: StatisticTableName): Promise<void> {
  const counts: number[] = [];
  for (const query of comparing(table)) counts.push(await session.number(query));
  const [ours = 0, byHand = 0, same = 0] = counts;
  if (ours === 0 || ours !== byHand || ours !== same) {
    throw new Error(`${table} has ${ours} rows of ours and ${byHand} by hand, of which ${same} are the same`);
  }
}
