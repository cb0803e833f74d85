import sql, { empty, join, type Sql } from 'sql-template-tag';
import type { Metric } from '../../catalog/metric.entity.js';
import type { Database } from '../../database/database.js';
import { query, type Work } from '../../database/work.js';
import type { StatisticTable } from '../../statistics/tables/statistic-table.js';
import type { Period } from '../../time/period.js';

/** A period in which a metric has rows in a table. */
export interface StoredPeriod {
  readonly metricId: number;
  readonly period: Period;
  /** of by-object statistics */
  readonly objectType: string | null;
}

interface FoundRow {
  metric_id: number;
  period: number;
  object_type: string | null;
}

/** databases limit how many queries one statement puts together */
const MOST_SEEKS = 100;

/**
 * The periods in which metrics have rows in a table of statistics; of by-object statistics, with the types of objects.
 * It jumps along the primary key from each period (and type) to the next, with bounds that are constants: so every jump
 * is one look into the index on every database, and it costs by their number, not by that of the rows.
 */
export function* storedPeriods(
  database: Database,
  statistic: StatisticTable,
  metrics: readonly Metric[],
): Work<StoredPeriod[]> {
  const periods = yield* jumps(
    database,
    metrics.map(({ id }) => ({ metricId: id, period: null, objectType: null })),
    (place) => periodAfter(database, statistic, place),
  );
  if (statistic.kind !== 'object') return periods;
  return yield* jumps(
    database,
    periods.map((period) => ({ ...period, objectType: null })),
    (place) => typeAfter(database, statistic, place),
  );
}

interface Place {
  readonly metricId: number;
  /** null: before the first */
  readonly period: Period | null;
  readonly objectType: string | null;
}

/** Finds everything after some places. Each result is a place to jump on from. */
function* jumps(database: Database, from: readonly Place[], seek: (place: Place) => Sql): Work<StoredPeriod[]> {
  const found: StoredPeriod[] = [];
  for (let places = from; places.length > 0;) {
    const next: StoredPeriod[] = [];
    for (let start = 0; start < places.length; start += MOST_SEEKS) {
      const seeks = places.slice(start, start + MOST_SEEKS).map((place) => sql`SELECT * FROM (${seek(place)}) found`);
      const rows = yield* query<FoundRow>(join(seeks, ' UNION ALL '));
      next.push(
        ...rows.map((row) => ({
          metricId: row.metric_id,
          period: row.period as Period,
          objectType: row.object_type,
        })),
      );
    }
    found.push(...next);
    places = next;
  }
  return found;
}

function periodAfter({ dialect }: Database, { table }: StatisticTable, { metricId, period }: Place): Sql {
  const [metricColumn, column] = [table.column('metricId'), table.column('period')];
  const after = period === null ? empty : sql`AND ${column} > ${dialect.integer(period)}`;
  return sql`SELECT ${metricColumn} AS metric_id, ${column} AS period, NULL AS object_type FROM ${table.path}
WHERE ${metricColumn} = ${dialect.integer(metricId)} ${after} ORDER BY ${column} LIMIT 1`;
}

function typeAfter({ dialect }: Database, { table }: StatisticTable, { metricId, period, objectType }: Place): Sql {
  const column = table.column('objectType');
  const [metricColumn, periodColumn] = [table.column('metricId'), table.column('period')];
  const after = objectType === null ? empty : sql`AND ${column} > ${dialect.text(objectType)}`;
  return sql`SELECT ${metricColumn} AS metric_id, ${periodColumn} AS period, ${column} AS object_type FROM ${table.path}
WHERE ${metricColumn} = ${dialect.integer(metricId)} AND ${periodColumn} = ${dialect.integer(period ?? 0)} ${after}
ORDER BY ${column} LIMIT 1`;
}
