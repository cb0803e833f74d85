import { Column, type DataSource, type DataSourceOptions, Entity, type Logger, PrimaryColumn } from 'typeorm';
import { resolveMetric } from '../../lib/catalog/catalog.store.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { removeBefore } from '../../lib/statistics/write/prune.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { Period } from '../../lib/time/period.js';
import type { TrackedTarget } from '../../lib/tracking/definition/tracker-definition.js';
import { newMetric, vacuum } from '../rollup/stored.js';
import { describeOnDatabase } from '../support/databases.js';
import {
  asTracker,
  definitionOf,
  Engine,
  TIME_ENTITIES,
  TRACKSTATS_ENTITIES,
  type OneMetric,
} from '../support/engine.js';
import { LiveShop } from '../support/live.js';

@Entity()
class Visit {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'timestamptz' })
  at!: Date;

  @Column({ type: 'integer' })
  visitor!: number;
}

@Entity()
class VisitsByVisitor extends AbstractStatistic {
  @Dimension({ type: 'integer' })
  visitor!: number;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly 'Local Hit Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

interface Executed {
  readonly statement: string;
  readonly plan: PlanNode;
}

/** Receives the plan of each statement with what it read, as auto_explain reports it. */
class Plans {
  private executed: Executed[] = [];

  readonly logger: Logger = {
    logQuery: () => undefined,
    logQueryError: () => undefined,
    logQuerySlow: () => undefined,
    logSchemaBuild: () => undefined,
    logMigration: () => undefined,
    log: (_level, message: string) => {
      const [, json] = /^duration: [^{]*plan:\s*({.*)$/s.exec(message) ?? [];
      if (json === undefined) return;
      const { 'Query Text': statement, Plan: plan } = JSON.parse(json) as { 'Query Text': string; Plan: PlanNode };
      this.executed.push({ statement, plan });
    },
  };

  take(): Executed[] {
    return this.executed.splice(0);
  }
}

/** Rows and pages that a plan's nodes looked at, over all loops. */
function readOf(node: PlanNode): number {
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0);
  const own = (node['Actual Rows'] + removed) * node['Actual Loops'];
  return (node.Plans ?? []).reduce((sum, child) => sum + readOf(child), own);
}

function pagesOf(node: PlanNode): number {
  return (node['Shared Hit Blocks'] ?? 0) + (node['Shared Read Blocks'] ?? 0) + (node['Local Hit Blocks'] ?? 0);
}

/** The nodes of a plan that read a table. */
function scansOf(node: PlanNode, table: string): PlanNode[] {
  const own = node['Relation Name'] === table ? [node] : [];
  return [...own, ...(node.Plans ?? []).flatMap((child) => scansOf(child, table))];
}

const DAYS = 60;
const NOW = new Date('2024-05-10T12:00:00Z');
const LATER = new Date('2024-05-11T12:00:00Z');
const PERIODS = [Period.DAY, Period.CALENDAR_WEEK, Period.days(7), Period.LIFETIME];
const TARGETS: Readonly<Record<string, TrackedTarget>> = {
  total: { kind: 'total' },
  objects: { kind: 'objects', field: 'visitor', entity: Visit },
  dimensions: { kind: 'dimensions', statistic: VisitsByVisitor, dimensions: { visitor: 'visitor' } },
};

const AUTO_EXPLAIN = [
  'session_preload_libraries=auto_explain',
  'client_min_messages=log',
  'auto_explain.log_min_duration=0',
  'auto_explain.log_analyze=on',
  'auto_explain.log_buffers=on',
  'auto_explain.log_timing=off',
  'auto_explain.log_format=json',
  'max_parallel_workers_per_gather=0',
  'synchronous_commit=off',
];

describeOnDatabase('postgres', 'the plans of statements', (database) => {
  const plans = new Plans();
  let engine: Engine;
  let dataSource: DataSource;

  beforeAll(async () => {
    dataSource = await database.open({
      entities: [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, Visit, VisitsByVisitor],
      logger: plans.logger,
      logNotifications: true,
      extra: { options: AUTO_EXPLAIN.map((setting) => `-c ${setting}`).join(' ') },
    } as Partial<DataSourceOptions> & { entities: never });
    engine = await Engine.on(dataSource);
  });

  /** Each step's statements, on tables that no ANALYZE has seen. */
  async function executed(visits: number, given: Partial<OneMetric>): Promise<Map<string, Executed[]>> {
    for (const { tablePath } of dataSource.entityMetadatas) {
      await dataSource.query(`TRUNCATE ${tablePath} CASCADE`);
      await dataSource.query(`ALTER TABLE ${tablePath} SET (autovacuum_enabled = false)`);
    }
    await dataSource.query(
      `INSERT INTO visit (id, at, visitor) SELECT n, TIMESTAMPTZ '2024-05-10 09:00Z' - MAKE_INTERVAL(days => n % ${DAYS}), n * 7919 % (${visits / 2}) FROM GENERATE_SERIES(1, ${visits}) n`,
    );
    const definition = definitionOf({ metric: newMetric(), dateField: 'at', ...given });
    const steps = new Map<string, Executed[]>();
    const step = async (name: string, act: () => Promise<unknown>): Promise<void> => {
      plans.take();
      await act();
      steps.set(name, plans.take());
    };
    await step('first run', () => engine.run(definition, Visit, { now: NOW }));
    await step('verify', () => engine.verify(definition, Visit));
    await step('repair', () => engine.run(definition, Visit, { now: NOW, from: '2024-03-12' }));
    await dataSource.query(
      `INSERT INTO visit (id, at, visitor) SELECT ${visits} + n, TIMESTAMPTZ '2024-05-11 09:00Z' - MAKE_INTERVAL(days => n % 2), n * 7919 % (${visits / 2}) FROM GENERATE_SERIES(1, ${visits} / 10) n`,
    );
    await step('next run', () => engine.run(definition, Visit, { now: LATER }));
    await step('idle run', () => engine.run(definition, Visit, { now: LATER }));
    await dataSource.query(`UPDATE visit SET visitor = visitor + 10 WHERE id % 3 = 0`);
    await step('backfill step', () =>
      engine.run(definition, Visit, {
        now: LATER,
        from: '2024-04-01',
        to: '2024-04-20',
        stepOf: { from: '2024-04-01' },
      }),
    );
    for (const period of definition.periods)
      await step(`prune of ${String(period)}`, () =>
        engine.database.transaction(function* () {
          const { id } = yield* resolveMetric(engine.database, definition.metric);
          yield* removeBefore(engine.database, id, period, '2024-04-25');
        }),
      );
    return steps;
  }

  /** Four times the rows may read four times as much, and not sixteen times. */
  it.each([
    { target: 'total', density: 'changes', appendOnly: false, periods: PERIODS },
    { target: 'objects', density: 'daily', appendOnly: false, periods: PERIODS },
    { target: 'objects', density: 'changes', appendOnly: false, periods: PERIODS },
    { target: 'objects', density: 'changes', appendOnly: true, periods: PERIODS },
    { target: 'objects', density: 'changes', appendOnly: false, periods: [Period.LIFETIME] },
    { target: 'objects', density: 'changes', appendOnly: true, periods: [Period.LIFETIME] },
    { target: 'dimensions', density: 'changes', appendOnly: true, periods: PERIODS },
  ] as const)(
    'read in proportion to the data: $target, $density, appendOnly $appendOnly, $periods',
    async (given) => {
      const definition = { ...given, target: TARGETS[given.target] as TrackedTarget };
      const few = await readBySteps(400, definition);
      const many = await readBySteps(1_600, definition);
      const tooMuch = [...many].filter(([step, { rows, pages }]) => {
        const before = few.get(step);
        // pages too: entries of an index that are passed over are no rows
        return before === undefined || rows > 6 * before.rows + 2_000 || pages > 4 * rows + 1_000;
      });
      expect(tooMuch.map(([step, read]) => ({ step, ...read, before: few.get(step) }))).toEqual([]);
    },
    60_000,
  );

  /** Rows and pages that each statement has read; of a verification, whose slices are more with more rows, all together. */
  async function readBySteps(
    visits: number,
    given: Partial<OneMetric>,
  ): Promise<Map<string, { rows: number; pages: number }>> {
    const read = new Map<string, { rows: number; pages: number }>();
    for (const [step, statements] of await executed(visits, given)) {
      for (const [index, { plan }] of statements.entries()) {
        const name = step === 'verify' ? step : `${step}, statement ${String(index)}`;
        const { rows, pages } = read.get(name) ?? { rows: 0, pages: 0 };
        read.set(name, { rows: rows + readOf(plan), pages: pages + pagesOf(plan) });
      }
    }
    return read;
  }

  it('of a minute run read the rows of its lookback by the index, however many there are', async () => {
    await dataSource.query('TRUNCATE visit');
    await dataSource.query('CREATE INDEX visit_by_minute ON visit (at)');
    // two a minute, over fourteen days
    await dataSource.query(
      `INSERT INTO visit (id, at, visitor) SELECT n, TIMESTAMPTZ '2024-05-10 12:00Z' - MAKE_INTERVAL(secs => n * 30), 1 FROM GENERATE_SERIES(1, 40320) n`,
    );
    await vacuum(dataSource, Visit);
    await dataSource.query('ANALYZE visit');
    const minutes = { periods: [Period.minutes(1)], lookback: 1, lookbackMs: 5 * 60_000 };
    const definition = definitionOf({ metric: newMetric(), dateField: 'at', ...minutes });
    await engine.run(definition, Visit, { now: new Date(NOW.getTime() - 60_000) });
    plans.take();
    await engine.run(definition, Visit, { now: NOW });
    const scans = plans.take().flatMap(({ plan }) => scansOf(plan, 'visit'));
    expect(scans.length).toBeGreaterThan(0);
    expect(scans.filter((scan) => scan['Node Type'] === 'Seq Scan')).toEqual([]);
    // seven minutes at most: those of the lookback, the one in which the last run was, and the new one
    for (const scan of scans) expect(readOf(scan)).toBeLessThanOrEqual(2 * 7 + 1);
    await dataSource.query('DROP INDEX visit_by_minute');
  });

  it('of a live read of one object read the rows of that object by the index, and its statistics alone', async () => {
    await dataSource.query('TRUNCATE visit');
    await dataSource.query('CREATE INDEX visit_by_visitor ON visit (visitor, at)');
    // of 1,000 visitors, 15 a visitor and day
    await dataSource.query(
      `INSERT INTO visit (id, at, visitor) SELECT n, TIMESTAMPTZ '2024-05-10 12:00Z' - MAKE_INTERVAL(secs => n * 5.76), n % 1000 FROM GENERATE_SERIES(1, 60000) n`,
    );
    await dataSource.query('ANALYZE visit');
    const metric = newMetric();
    const tracked = { periods: [Period.DAY, Period.LIFETIME], target: TARGETS['objects'] as TrackedTarget };
    const definition = asTracker(definitionOf({ metric, dateField: 'at', ...tracked }));
    const shop = new LiveShop(engine, [{ definition, source: Visit }], { timeZone: 'UTC', weekStart: 'monday' });
    shop.now = NOW;
    await shop.run();
    await dataSource.query('ANALYZE trackstats_statistic_by_date_and_object');
    for (const period of tracked.periods) {
      const read = { metric, period, object: objectRef(Visit, 7), live: true } as const;
      const value = await shop.statistics.value(read);
      plans.take();
      // as warm as the reads that follow
      expect(await shop.statistics.value(read)).toBe(value);
      const executed = plans.take();
      const scans = executed.flatMap(({ plan }) => scansOf(plan, 'visit'));
      // of two days, each as an entry of the index and as a row
      expect(scans.map((scan) => readOf(scan) <= 2 * 2 * 15)).toEqual([true]);
      const stored = executed.flatMap(({ plan }) => scansOf(plan, 'trackstats_statistic_by_date_and_object'));
      expect(stored.length).toBeGreaterThan(0);
      for (const scan of stored) expect(readOf(scan)).toBeLessThanOrEqual(5);
    }
    await dataSource.query('DROP INDEX visit_by_visitor');
  });

  it('of hours count a range of the index each, and of buckets with few rows read the table once', async () => {
    await dataSource.query('TRUNCATE visit');
    await dataSource.query('CREATE INDEX visit_by_hour ON visit (at)');
    // one every two minutes, over 40 days: an hour has 30 rows, ten minutes have 5
    await dataSource.query(
      `INSERT INTO visit (id, at, visitor) SELECT n, TIMESTAMPTZ '2024-05-10 12:00Z' - MAKE_INTERVAL(mins => n * 2), 1 FROM GENERATE_SERIES(1, 28800) n`,
    );
    await vacuum(dataSource, Visit);
    await dataSource.query('ANALYZE visit');
    const counted = async (period: Period): Promise<PlanNode[]> => {
      plans.take();
      const definition = definitionOf({ metric: newMetric(), dateField: 'at', periods: [Period.DAY, period] });
      expect(await engine.run(definition, Visit, { now: NOW })).toMatchObject({ removed: 0 });
      const scans = plans.take().flatMap(({ plan }) => scansOf(plan, 'visit'));
      return scans.filter((scan) => scan['Actual Rows'] * scan['Actual Loops'] > 1);
    };
    const [hours, ...others] = await counted(Period.HOUR);
    expect(others).toEqual([]);
    // those of 40 days, of the half day before them, and the one that has begun
    expect(hours).toMatchObject({ 'Node Type': 'Index Only Scan', 'Actual Loops': 40 * 24 + 12 + 1 });
    expect(await counted(Period.minutes(10))).toMatchObject([{ 'Node Type': 'Seq Scan', 'Actual Loops': 1 }]);
    await dataSource.query('DROP INDEX visit_by_hour');
  });

  it('count by index what VACUUM has seen, and any other table by one scan', async () => {
    const isByIndex = async (): Promise<boolean> => {
      plans.take();
      const definition = definitionOf({ metric: newMetric(), dateField: 'at', periods: [Period.DAY] });
      await engine.run(definition, Visit, { now: NOW });
      return plans.take().some(({ statement }) => statement.includes('JSON_ARRAY_ELEMENTS'));
    };
    await dataSource.query('TRUNCATE visit');
    await dataSource.query('CREATE INDEX ON visit (at)');
    await dataSource.query(
      `INSERT INTO visit (id, at, visitor) SELECT n, TIMESTAMPTZ '2024-05-10 09:00Z' - MAKE_INTERVAL(days => n % ${DAYS}), 1 FROM GENERATE_SERIES(1, 10000) n`,
    );
    expect(await isByIndex()).toBe(false);
    await vacuum(dataSource, Visit);
    expect(await isByIndex()).toBe(true);
    // what a table inherits has no such index
    await dataSource.query('CREATE TABLE more_visits () INHERITS (visit)');
    expect(await isByIndex()).toBe(false);
  });
});
