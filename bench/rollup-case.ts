import { ensureMetric } from '../lib/catalog/catalog.store.js';
import { defineDomain, defineMetric } from '../lib/catalog/definitions.js';
import { definitionOf } from '../test/support/engine.js';
import type { TrackerDefinition } from '../lib/tracking/tracker-definition.js';
import type { BenchCase, Contender, Prepared } from './bench-case.js';
import type { DatabaseKind } from './databases.js';
import { NOW, USER_SCHEMA, ZONE, type Events } from './data.js';
import { differences } from './hand-sql.js';
import { OURS, TWIN, type Session, type StatisticTableName } from './session.js';

export const DOMAIN = defineDomain({ ref: 'bench' });
export const METRIC = defineMetric({ domain: DOMAIN, ref: 'events' });

/** A way to do it by hand: statements of one transaction. */
export type ByHand = Readonly<Record<string, readonly string[]>>;

interface RollupCase extends Pick<BenchCase, 'name' | 'title' | 'target' | 'large'> {
  readonly source: (rows: number) => Events;
  readonly tracker: Partial<TrackerDefinition>;
  readonly byHand: (kind: DatabaseKind, table: string, metricId: number) => ByHand;
  readonly asides?: (kind: DatabaseKind, table: string, metricId: number) => ByHand;
}

/** The first run of a tracker over all of its source, against INSERT … SELECT into a table of the same shape. */
export function rollupCase({ source, tracker, byHand, asides, ...given }: RollupCase): BenchCase {
  return {
    ...given,
    tables: ({ rows }) => [source(rows)],
    prepare: async (session, { rows }): Promise<Prepared> => {
      const events = source(rows);
      await session.need(events);
      const metricId = await metricIdOf(session);
      const definition = trackerOf(tracker);
      const table = OURS[definition.target.kind === 'total' ? 0 : 1];
      const contenders = (ways: ByHand): Contender[] =>
        Object.entries(ways).map(([name, statements]) => ({
          name,
          reset: () => session.empty(TWIN[table]),
          run: () => session.transaction(statements),
        }));
      return {
        ours: runOf(session, definition, events),
        baselines: contenders(byHand(session.kind, events.table, metricId)),
        asides: contenders(asides?.(session.kind, events.table, metricId) ?? {}),
        check: () => checkSame(session, table),
        dispose: () => session.empty(...OURS, TWIN[table]),
      };
    },
  };
}

export const BY_USER: TrackerDefinition['target'] = { kind: 'objects', field: 'userId', entity: USER_SCHEMA };

export function trackerOf(given: Partial<TrackerDefinition>): TrackerDefinition {
  return definitionOf({ metric: METRIC, dateField: 'at', timeZone: ZONE, ...given });
}

/** A tracker's first run. */
export function runOf(session: Session, definition: TrackerDefinition, { table }: Events): Contender {
  return {
    name: 'trackstats',
    reset: () => session.forgetStatistics(),
    run: () => session.engine.run(definition, session.dataSource.getRepository(table), { now: NOW }),
  };
}

export async function metricIdOf({ engine: { database } }: Session): Promise<number> {
  const { id } = await database.transaction(() => ensureMetric(database, DOMAIN, METRIC));
  return id;
}

export async function checkSame(session: Session, table: StatisticTableName): Promise<void> {
  const { ours, hand, same } = differences(table);
  const counts = [await session.value(ours), await session.value(hand), await session.value(same)];
  if (new Set(counts).size > 1 || counts[0] === 0) {
    throw new Error(`${table}: ${counts[0]} rows of ours, ${counts[1]} by hand, ${counts[2]} of them the same`);
  }
}
