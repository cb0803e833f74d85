import sql, { join, raw, type Sql } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import type { Dialect } from '../../database/dialects/dialect.js';
import { escapedPath } from '../../database/table.js';
import { query, type Row, type Work } from '../../database/work.js';
import { MissingDjangoTableError } from '../../errors/transfer.error.js';

/** The tables of django-trackstats 0.7 and earlier, by their contents. A name can include a schema. */
export interface DjangoTables {
  /** @default 'trackstats_domain' */
  domain: string;
  /** @default 'trackstats_metric' */
  metric: string;
  /** @default 'trackstats_statisticbydate' */
  byDate: string;
  /** @default 'trackstats_statisticbydateandobject' */
  byDateAndObject: string;
  /** @default 'django_content_type' */
  contentType: string;
}

const DEFAULTS: DjangoTables = {
  domain: 'trackstats_domain',
  metric: 'trackstats_metric',
  byDate: 'trackstats_statisticbydate',
  byDateAndObject: 'trackstats_statisticbydateandobject',
  contentType: 'django_content_type',
};

/** The names of the tables, with their escaped paths. */
export interface DjangoSchema {
  readonly names: Readonly<DjangoTables>;
  readonly path: (table: keyof DjangoTables) => Sql;
  readonly column: (name: string) => Sql;
}

/**
 * Finds the tables of django-trackstats.
 *
 * @throws MissingDjangoTableError
 */
export async function djangoSchema(
  dataSource: DataSource,
  given: { readonly [K in keyof DjangoTables]?: string | undefined } = {},
): Promise<DjangoSchema> {
  const names = { ...DEFAULTS };
  for (const [table, name] of Object.entries(given) as [keyof DjangoTables, string | undefined][]) {
    if (name !== undefined) names[table] = name;
  }
  const missing: string[] = [];
  const runner = dataSource.createQueryRunner();
  try {
    for (const name of Object.values(names)) {
      // no driver escapes quotes in a name
      if (/["'`\\\0]/.test(name) || !(await runner.hasTable(name))) missing.push(name);
    }
  } finally {
    await runner.release();
  }
  if (missing.length > 0) throw new MissingDjangoTableError(missing);
  const escape = (name: string): string => dataSource.driver.escape(name);
  return {
    names,
    path: (table) => escapedPath(names[table], escape),
    column: (name) => raw(escape(name)),
  };
}

/** The two tables of statistics. */
export type DjangoStatistics = 'byDate' | 'byDateAndObject';

/** The number of rows that `selectDjangoRows` reads at most. */
export const DJANGO_PAGE = 5_000;

/** Selects the content types that have statistics. */
export function selectContentTypes({
  path,
  column,
}: DjangoSchema): Work<{ id: unknown; app: string; model: string }[]> {
  return query(sql`SELECT c.${column('id')} AS id,
  c.${column('app_label')} AS app, c.${column('model')} AS model FROM ${path('contentType')} c
WHERE EXISTS (SELECT 1 FROM ${path('byDateAndObject')} s WHERE s.${column('object_type_id')} = c.${column('id')})
ORDER BY c.${column('app_label')}, c.${column('model')}`);
}

/** A metric with its domain, as Django's tables have it. */
export type DjangoMetric = Record<'id' | 'ref' | 'name' | 'description' | 'domain_ref' | 'domain_name', unknown>;

/** Selects all metrics with their domains. */
export function selectDjangoMetrics({ path, column }: DjangoSchema): Work<DjangoMetric[]> {
  return query(sql`SELECT m.${column('id')} AS id, m.${column('ref')} AS ref, m.${column('name')} AS name,
  m.${column('description')} AS description, d.${column('ref')} AS domain_ref, d.${column('name')} AS domain_name
FROM ${path('metric')} m JOIN ${path('domain')} d ON d.${column('id')} = m.${column('domain_id')}
ORDER BY m.${column('id')}`);
}

/** Selects the next page of statistics, ordered by id. */
export function selectDjangoRows(
  dialect: Dialect,
  { path, column }: DjangoSchema,
  from: DjangoStatistics,
  afterId: number,
): Work<Row[]> {
  const columns: Sql[] = [
    sql`${column('id')} AS id`,
    sql`${column('metric_id')} AS metric`,
    sql`${column('period')} AS period`,
    sql`${dialect.dateText(column('date'))} AS row_date`,
    sql`${dialect.exactText(column('value'))} AS row_value`,
    ...(from === 'byDate'
      ? []
      : [sql`${column('object_type_id')} AS object_type`, sql`${column('object_id')} AS object_id`]),
  ];
  return query(sql`SELECT ${join(columns)} FROM ${path(from)} WHERE ${column('id')} > ${afterId}
ORDER BY ${column('id')} ${dialect.limit(DJANGO_PAGE)}`);
}

/** Selects the refs of domains without metrics. */
export function selectUnusedDomains({ path, column }: DjangoSchema): Work<{ ref: unknown }[]> {
  return query(sql`SELECT d.${column('ref')} AS ref FROM ${path('domain')} d
WHERE NOT EXISTS (SELECT 1 FROM ${path('metric')} m WHERE m.${column('domain_id')} = d.${column('id')})
ORDER BY d.${column('ref')}`);
}
