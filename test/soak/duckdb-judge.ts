import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { canonicalDecimal } from '../../lib/database/decimal.js';
import type { ModelPeriod, ModelRow, ModelRows, ModelTracker } from '../properties/model.js';

/** What modelRows works out, as another database does from the raw rows. */
export class DuckDbJudge {
  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
  ) {}

  static async start(): Promise<DuckDbJudge> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    return new DuckDbJudge(instance, await instance.connect());
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }

  /** Returns the values of a period by moment and key; null of buckets that a change of the clock cuts. */
  async rows(
    rows: readonly ModelRow[],
    { aggregate, byUser, density, zone }: ModelTracker,
    period: ModelPeriod,
    now: number,
  ): Promise<ModelRows | null> {
    const result: ModelRows = new Map();
    if (rows.length === 0) return result;
    const source = rows.map(
      ({ at, user, amount }) => `(${String(at)}, ${String(user)}::BIGINT, ${String(amount)}::BIGINT)`,
    );
    const today = localDate(`${String(now)}::BIGINT`, zone);
    const value = {
      count: 'COUNT(*)',
      countDistinct: `COUNT(DISTINCT ${byUser ? 'amount' : 'own'})`,
      sum: 'COALESCE(SUM(amount), 0) / 100',
      min: 'MIN(amount) / 100',
      max: 'MAX(amount) / 100',
      avg: 'AVG(amount) / 100',
    }[aggregate];
    const dated = `WITH raw(instant, own, amount) AS (VALUES ${source.join(', ')}),
dated AS (SELECT ${localDate('instant', zone)} AS day, own, ${byUser ? 'own' : '0'} AS key, amount::DECIMAL(18, 2) AS amount
FROM raw WHERE instant <= ${String(now)}${byUser ? ' AND own IS NOT NULL' : ''})`;
    const text = `CAST(${value} AS VARCHAR)`;
    if (period.kind === 'time') {
      const [second, length] = ['CAST(instant // 1000 AS BIGINT)', String(period.seconds)];
      const begun = dated.replace(
        'AS day, own',
        `AS day, ${second} - ${clock(second, zone)} % ${length} AS start, ${second} AS second, own`,
      );
      const cut = await this.connection.runAndReadAll(
        `${begun} SELECT 1 FROM dated WHERE ${clock('start', zone)} - start <> ${clock('second', zone)} - second LIMIT 1`,
      );
      if (cut.currentRowCount > 0) return null;
      await this.read(
        `${begun} SELECT CAST(start AS VARCHAR) AS date, key, ${text} AS value FROM dated GROUP BY 1, 2`,
        byUser,
        result,
      );
      return result;
    }
    if (period.kind === 'day' || period.kind === 'calendar') {
      await this.read(
        `${dated} SELECT CAST(${startOf(period, 'day')} AS VARCHAR) AS date, key, ${text} AS value FROM dated GROUP BY 1, 2`,
        byUser,
        result,
      );
      return result;
    }
    const since =
      period.kind === 'rolling'
        ? `s.day - ${String(period.days - 1)}`
        : period.kind === 'to-date'
          ? startOf(period, 's.day')
          : null;
    const within = since === null ? '' : ` AND d.day >= ${since}`;
    // a row of no date has no key, and counts nothing
    const counted = value.replace('COUNT(*)', 'COUNT(d.key)');
    const daily = `${dated}, firsts AS (SELECT key, MIN(day) AS first FROM dated GROUP BY key),
spine AS (SELECT key, UNNEST(generate_series(first::TIMESTAMP, ${today}::TIMESTAMP, INTERVAL 1 DAY))::DATE AS day FROM firsts),
daily AS (SELECT s.day, s.key, CAST(${counted} AS VARCHAR) AS value FROM spine s
LEFT JOIN dated d ON d.key = s.key AND d.day <= s.day${within} GROUP BY s.day, s.key)`;
    const changes = `SELECT * FROM daily WINDOW w AS (PARTITION BY key ORDER BY day)
QUALIFY ROW_NUMBER() OVER w = 1 OR value IS DISTINCT FROM LAG(value) OVER w`;
    await this.read(
      `${daily} SELECT CAST(day AS VARCHAR) AS date, key, value FROM (${density === 'daily' ? 'SELECT * FROM daily' : changes})`,
      byUser,
      result,
    );
    return result;
  }

  private async read(query: string, byUser: boolean, into: ModelRows): Promise<void> {
    const reader = await this.connection.runAndReadAll(query);
    for (const { date, key, value } of reader.getRowObjectsJson() as {
      date: string;
      key: string | null;
      value: string | null;
    }[]) {
      const exact = value === null ? null : canonicalDecimal(value);
      into.set(`${date}|${byUser ? String(key) : ''}`, exact ?? null);
    }
  }
}

function localDate(milliseconds: string, zone: string): string {
  return `CAST(timezone('${zone}', make_timestamptz(${milliseconds} * 1000)) AS DATE)`;
}

/** The time that the clock of a zone shows, in seconds as if it were UTC. */
function clock(seconds: string, zone: string): string {
  return `(epoch_ms(timezone('${zone}', make_timestamptz(${seconds} * 1000000))) // 1000)`;
}

function startOf(period: Extract<ModelPeriod, { kind: 'day' } | { unit: string }>, day: string): string {
  if (period.kind === 'day') return day;
  if (period.unit === 'week') return `(${day} - ((dayofweek(${day}) - ${String(period.firstDay)} + 7) % 7)::INTEGER)`;
  return `CAST(date_trunc('${period.unit}', ${day}) AS DATE)`;
}
