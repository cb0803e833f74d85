import sql, { join, raw, type Sql } from 'sql-template-tag';
import { InstanceChecker, type DataSource } from 'typeorm';
import { Database } from '../database/database.js';
import { query, type Row } from '../database/work.js';
import { UnmappedContentTypesError } from '../errors/transfer.error.js';
import { exactValue } from '../statistics/tables/exact-value.js';
import { entityClass, type EntityClass } from '../statistics/filter/object-target.js';
import { StatisticByDateAndObject } from '../statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../statistics/tables/statistic-by-date.entity.js';
import type { StatisticContext } from '../statistics/filter/statistic.context.js';
import { statisticTableOf } from '../statistics/tables/statistic-table.js';
import { optional, recordOf, text, type Check } from '../validation/check.js';
import { group, type ChecksOf, type Values } from '../validation/options.js';
import { djangoSchema, type DjangoSchema, type DjangoTables } from './django-tables.js';
import type { GivenMetric, ImportEntry } from './import-entry.js';

/** Names the tables of django-trackstats, and the object types of its content types. */
export interface DjangoImportOptions {
  /** a connected data source on the Django application's database; it needs no entities */
  dataSource: DataSource;
  /** for each content type with statistics, such as `'auth.user'`, its entity or object type here. @default none */
  contentTypes?: Readonly<Record<string, EntityClass | string>> | undefined;
  /** names of tables that differ from those of django-trackstats */
  tables?: Partial<DjangoTables> | undefined;
  /** also overwrites what a tracker of this application computes. @default false */
  force?: boolean | undefined;
}

/** Checked by its shape, because the application may have another copy of TypeORM. */
const dataSource: Check<DataSource> = (given, refuse) =>
  InstanceChecker.isDataSource(given) && given.isInitialized
    ? given
    : refuse("Expected a connected DataSource on the Django application's database.");

const objectType: Check<EntityClass | string> = (given, refuse) =>
  typeof given === 'string' && given !== '' ? given : entityClass(given, refuse);

/** Checks of the options that describe the source. */
export const DJANGO_SOURCE = {
  dataSource,
  contentTypes: optional(recordOf(objectType)),
  tables: optional(
    group({
      domain: optional(text),
      metric: optional(text),
      byDate: optional(text),
      byDateAndObject: optional(text),
      contentType: optional(text),
    } satisfies ChecksOf<DjangoTables>),
  ),
};

interface Django {
  readonly database: Database;
  readonly schema: DjangoSchema;
}

type Statistics = 'byDate' | 'byDateAndObject';

const PAGE = 5_000;

/**
 * Yields the rows of django-trackstats' tables, page by page: metrics with their domains, statistics by date, and
 * statistics by date and object.
 *
 * @throws UnsupportedDatabaseError, MissingDjangoTableError, UnmappedContentTypesError, InvalidObjectError
 */
export async function* djangoEntries(
  context: StatisticContext,
  { dataSource, contentTypes = {}, tables }: Values<typeof DJANGO_SOURCE>,
): AsyncGenerator<ImportEntry> {
  const django = { database: new Database(dataSource), schema: await djangoSchema(dataSource, tables) };
  const types = await objectTypesOf(context, django, contentTypes);
  const metrics = await metricsOf(django);
  const table = django.schema.names.metric;
  for (const [id, metric] of metrics) yield { line: Number(id), table, metric };
  yield* valuesOf(context, django, metrics, 'byDate', () => ({}));
  yield* valuesOf(context, django, metrics, 'byDateAndObject', (row) => ({
    objectType: types.get(String(row['object_type'])),
    objectId: String(row['object_id']),
  }));
}

/** Returns the object types of the content types that have statistics, by their ids. */
async function objectTypesOf(
  { objectTypes }: StatisticContext,
  { database, schema }: Django,
  given: Readonly<Record<string, EntityClass | string>>,
): Promise<ReadonlyMap<string, string>> {
  const { path, column } = schema;
  const used = await database.read(() =>
    query<{ id: unknown; app: string; model: string }>(sql`SELECT c.${column('id')} AS id,
  c.${column('app_label')} AS app, c.${column('model')} AS model FROM ${path('contentType')} c
WHERE EXISTS (SELECT 1 FROM ${path('byDateAndObject')} s WHERE s.${column('object_type_id')} = c.${column('id')})
ORDER BY c.${column('app_label')}, c.${column('model')}`),
  );
  const named = used.map(({ id, app, model }) => ({ id: String(id), name: `${app}.${model}` }));
  const unmapped = named.filter(({ name }) => !Object.hasOwn(given, name)).map(({ name }) => name);
  if (unmapped.length > 0) throw new UnmappedContentTypesError(unmapped);
  return new Map(named.map(({ id, name }) => [id, objectTypes.checkType(given[name] as EntityClass | string)]));
}

/** Returns the metrics by their ids. A blank name counts as none. */
async function metricsOf({ database, schema }: Django): Promise<ReadonlyMap<string, GivenMetric>> {
  const { path, column } = schema;
  const rows = await database.read(() =>
    query<Record<'id' | 'ref' | 'name' | 'description' | 'domain_ref' | 'domain_name', unknown>>(
      sql`SELECT m.${column('id')} AS id, m.${column('ref')} AS ref, m.${column('name')} AS name,
  m.${column('description')} AS description, d.${column('ref')} AS domain_ref, d.${column('name')} AS domain_name
FROM ${path('metric')} m JOIN ${path('domain')} d ON d.${column('id')} = m.${column('domain_id')}
ORDER BY m.${column('id')}`,
    ),
  );
  const given = (text: unknown): unknown => (text === '' ? undefined : text);
  return new Map(
    rows.map(({ id, ref, name, description, domain_ref, domain_name }) => [
      String(id),
      {
        key: `${String(domain_ref)}/${String(ref)}`,
        name: given(name),
        domainName: given(domain_name),
        description: given(description),
      },
    ]),
  );
}

async function* valuesOf(
  { database }: StatisticContext,
  django: Django,
  metrics: ReadonlyMap<string, GivenMetric>,
  from: Statistics,
  keysOf: (row: Row) => Readonly<Record<string, unknown>>,
): AsyncGenerator<ImportEntry> {
  const table = statisticTableOf(database, from === 'byDate' ? StatisticByDate : StatisticByDateAndObject);
  for await (const row of rowsOf(django, from)) {
    const metric = metrics.get(String(row['metric'])) ?? { key: '' };
    yield {
      line: Number(row['id']),
      table: django.schema.names[from],
      value: {
        ...metric,
        table,
        keys: keysOf(row),
        period: row['period'],
        date: row['row_date'],
        value: exactValue(row['row_value']),
      },
    };
  }
}

async function* rowsOf({ database, schema }: Django, from: Statistics): AsyncGenerator<Row> {
  const { dialect } = database;
  const { path, column } = schema;
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
  let last = 0;
  for (;;) {
    const after = last;
    const rows = await database.read(() =>
      query(sql`SELECT ${join(columns)} FROM ${path(from)} WHERE ${column('id')} > ${after}
ORDER BY ${column('id')} LIMIT ${raw(String(PAGE))}`),
    );
    yield* rows;
    if (rows.length < PAGE) return;
    last = Number(rows.at(-1)?.['id']);
  }
}
