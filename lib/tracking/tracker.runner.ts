import { createHash } from 'node:crypto';
import sql, { type Sql } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import { resolveMetric } from '../catalog/catalog.store.js';
import type { Metric } from '../catalog/metric.entity.js';
import type { DataSources } from '../database/data-sources.js';
import type { Database } from '../database/database.js';
import { query, type Work } from '../database/work.js';
import { SourceElsewhereError } from '../errors/run.error.js';
import { earliestReading, rollup } from '../rollup/rollup.js';
import type { ResolvedSource, RollupSpec } from '../rollup/rollup-spec.js';
import { dataSourceOf, resolveSource, type Source } from '../rollup/source.resolver.js';
import { ofPeriod } from '../rollup/window-sql.js';
import type { ObjectTypes } from '../statistics/object-types.js';
import { fromDayNumber, type LocalDate } from '../time/local-date.js';
import { Period } from '../time/period.js';
import { daySegments, latestReading, localDateAt } from '../time/time-zone.js';
import type { Clock } from '../trackstats.tokens.js';
import { holdCoverage, moveCoverage, type CoverageKey } from './coverage.store.js';
import { needsFirstDate, planRun, type CoveredRange, type RequestedRange, type RunPlan } from './run-plan.js';
import type { TrackerDefinition } from './tracker-definition.js';
import { resolveTarget, type ResolvedTarget } from './tracker-target.js';

/** What one run did. */
export interface TrackResult {
  /** null: a tracker made by hand */
  tracker: string | null;
  /** first date that was computed */
  from: LocalDate;
  /** last date that was computed */
  through: LocalDate;
  /** rows inserted or changed */
  written: number;
  /** rows that had no reason any more */
  removed: number;
  durationMs: number;
}

export interface RunOptions extends RequestedRange {
  readonly now: Date;
  /** last statements of the run's transaction: what is recorded of a run is so as true as its statistics */
  readonly conclude?: (result: TrackResult) => Work<void>;
}

/** Runs one tracker once: everything in one transaction on the statistics' database, or nothing. */
export class TrackerRunner {
  constructor(
    private readonly database: Database,
    private readonly dataSources: DataSources,
    private readonly objectTypes: ObjectTypes,
    private readonly clock: Clock,
  ) {}

  /**
   * Checks everything of a definition that can be checked without reading a row.
   *
   * @returns the coverage's scope of the tracker
   * @throws InvalidPropertyPathError, InvalidSourceError, InvalidObjectError, MissingEntityError, SourceElsewhereError
   */
  check(definition: TrackerDefinition, source: Source): string {
    return this.resolve(definition, source).target.scope;
  }

  /**
   * Computes what is due, or the range that is asked for.
   *
   * @throws what `check` throws, and ClockBehindError, DefinitionChangedError, InvalidRangeError
   */
  run(definition: TrackerDefinition, source: Source, options: RunOptions): Promise<TrackResult> {
    const { target, resolved } = this.resolve(definition, source);
    const started = this.clock().getTime();
    return this.database.transaction(() => this.inTransaction(definition, target, resolved, options, started));
  }

  private resolve(definition: TrackerDefinition, source: Source): { target: ResolvedTarget; resolved: ResolvedSource } {
    const dataSource = this.dataSourceOf(definition, source);
    const target = resolveTarget(this.database, this.objectTypes, definition, dataSource, source);
    const reading = { ...definition, statistic: target.statistic, keys: target.keys };
    return { target, resolved: resolveSource(this.database.dialect, dataSource, source, reading) };
  }

  private dataSourceOf(definition: TrackerDefinition, source: Source): DataSource {
    const dataSource = dataSourceOf(source) ?? this.ofEntity(source);
    if (dataSource !== this.database.dataSource) throw new SourceElsewhereError(nameOf(definition));
    return dataSource;
  }

  private ofEntity(source: Source): DataSource {
    const having = this.dataSources.having(source as Parameters<DataSources['having']>[0]);
    return having.includes(this.database.dataSource)
      ? this.database.dataSource
      : (having[0] ?? this.database.dataSource);
  }

  private *inTransaction(
    definition: TrackerDefinition,
    target: ResolvedTarget,
    source: ResolvedSource,
    options: RunOptions,
    started: number,
  ): Work<TrackResult> {
    const metric = yield* resolveMetric(this.database, definition.metric);
    const fingerprint = (period: Period): string => fingerprintOf(definition, source, period);
    const coverage = yield* this.coverage(definition, target, metric);
    const plan = yield* this.plan(definition, source, coverage, fingerprint, options);
    const spec = yield* this.spec(definition, target, source, metric, plan, options.now);
    const { written, removed } = yield* rollup(this.database.dialect, spec);
    for (const { period, covered } of plan.periods) {
      yield* moveCoverage(this.database, keyOf(metric, period, target), {
        ...covered,
        timeZone: definition.timeZone,
        kind: definition.aggregate.function,
        fingerprint: fingerprint(period),
        computedAt: options.now,
      });
    }
    const durationMs = this.clock().getTime() - started;
    const result = { tracker: definition.name, from: plan.from, through: plan.through, written, removed, durationMs };
    if (options.conclude !== undefined) yield* options.conclude(result);
    return result;
  }

  private *coverage(
    definition: TrackerDefinition,
    target: ResolvedTarget,
    metric: Metric,
  ): Work<Map<Period, CoveredRange>> {
    const coverage = new Map<Period, CoveredRange>();
    // in one order, so that two runs cannot wait for each other
    for (const period of [...definition.periods].sort((a, b) => a - b)) {
      const covered = yield* holdCoverage(this.database, keyOf(metric, period, target), definition.aggregate.function);
      if (covered !== undefined) coverage.set(period, covered);
    }
    return coverage;
  }

  private *plan(
    definition: TrackerDefinition,
    source: ResolvedSource,
    coverage: ReadonlyMap<Period, CoveredRange>,
    fingerprint: (period: Period) => string,
    { now, from, to }: RunOptions,
  ): Work<RunPlan> {
    const today = localDateAt(now, definition.timeZone);
    const input = { definition, tracker: nameOf(definition), fingerprint, today, coverage, requested: { from, to } };
    const firstDate = needsFirstDate(input) ? yield* this.firstDate(source, definition.timeZone, now) : null;
    return planRun({ ...input, firstDate });
  }

  /** The local date of the source's first row that has come by now. */
  private *firstDate(source: ResolvedSource, zone: string, now: Date): Work<LocalDate | null> {
    const { clock } = source;
    const before = clock.kind === 'date' ? endOfDay(localDateAt(now, zone)) : latestReading(now, clock.storedIn) + 1;
    const reading = yield* earliestReading(this.database.dialect, source, before);
    if (reading === null) return null;
    const [segment] =
      clock.kind === 'date' ? [] : daySegments({ storedIn: clock.storedIn, zone, from: reading, to: reading });
    return fromDayNumber(Math.floor((reading / 1000 + (segment?.shift ?? 0)) / 86_400));
  }

  private *spec(
    definition: TrackerDefinition,
    { statistic, constants }: ResolvedTarget,
    source: ResolvedSource,
    metric: Metric,
    plan: RunPlan,
    now: Date,
  ): Work<RollupSpec> {
    const { timeZone, weekStart } = definition;
    const { scanFrom, scanBase, scanThrough } = plan;
    const spec = {
      metricId: metric.id,
      statistic,
      constants,
      source,
      timeZone,
      weekStart,
      now,
      scanFrom,
      scanBase,
      scanThrough,
    };
    const periods: RollupSpec['periods'][number][] = [];
    for (const period of plan.periods) {
      const { path } = statistic.table;
      const hasStored = yield* this.hasRows(ofPeriod(this.database.dialect, spec, period, path), path);
      periods.push({ ...period, hasStored });
    }
    return { ...spec, periods };
  }

  private *hasRows(condition: Sql, table: Sql): Work<boolean> {
    const rows = yield* query(sql`SELECT 1 AS present FROM ${table} WHERE ${condition} LIMIT 1`);
    return rows.length > 0;
  }
}

function keyOf(metric: Metric, period: Period, { scope }: ResolvedTarget): CoverageKey {
  return { metricId: metric.id, period, scope };
}

function nameOf({ name, metric }: TrackerDefinition): string {
  return name ?? `the tracker of ${typeof metric === 'string' ? metric : metric.key}`;
}

function endOfDay(date: LocalDate): number {
  return Date.parse(date) + 86_400_000;
}

/** Equal for definitions under which stored statistics stay right: a query counts by its text, not by its parameters. */
function fingerprintOf(definition: TrackerDefinition, source: ResolvedSource, period: Period): string {
  const { aggregate, dateField, timeZone, weekStart, epoch, storedIn, withDeleted, target } = definition;
  const keys = target.kind === 'objects' ? target.field : target.kind === 'dimensions' ? target.dimensions : null;
  const week = period === Period.CALENDAR_WEEK ? weekStart : null;
  const meaning = { aggregate, dateField, timeZone, epoch, storedIn, withDeleted, keys, week, text: source.text };
  return createHash('sha256').update(JSON.stringify(meaning)).digest('hex');
}
