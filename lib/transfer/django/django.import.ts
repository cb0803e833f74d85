import { InstanceChecker, type DataSource } from 'typeorm';
import { Database } from '../../database/database.js';
import type { Row } from '../../database/work.js';
import { UnmappedContentTypesError } from '../../errors/transfer.error.js';
import {
  entityClass,
  type EntityClass,
  exactValue,
  builtInTable,
  type StatisticContext,
} from '../../statistics/index.js';
import { optional, recordOf, text, type Check } from '../../validation/check.js';
import { group, type ChecksOf, type Values } from '../../validation/options.js';
import {
  DJANGO_PAGE,
  djangoSchema,
  type DjangoSchema,
  type DjangoStatistics,
  type DjangoTables,
  selectContentTypes,
  selectDjangoMetrics,
  selectDjangoRows,
} from './django.query.js';
import type { GivenMetric, ImportEntry } from '../import/import-entry.js';

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
  const used = await database.read(() => selectContentTypes(schema));
  const named = used.map(({ id, app, model }) => ({ id: String(id), name: `${app}.${model}` }));
  const unmapped = named.filter(({ name }) => !Object.hasOwn(given, name)).map(({ name }) => name);
  if (unmapped.length > 0) throw new UnmappedContentTypesError(unmapped);
  return new Map(named.map(({ id, name }) => [id, objectTypes.checkType(given[name] as EntityClass | string)]));
}

/** Returns the metrics by their ids. A blank name counts as none. */
async function metricsOf({ database, schema }: Django): Promise<ReadonlyMap<string, GivenMetric>> {
  const rows = await database.read(() => selectDjangoMetrics(schema));
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
  from: DjangoStatistics,
  keysOf: (row: Row) => Readonly<Record<string, unknown>>,
): AsyncGenerator<ImportEntry> {
  const table = builtInTable(database, from === 'byDate' ? 'total' : 'object', 'date');
  for await (const row of readRows(django, from)) {
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

async function* readRows({ database, schema }: Django, from: DjangoStatistics): AsyncGenerator<Row> {
  let last = 0;
  for (;;) {
    const after = last;
    const rows = await database.read(() => selectDjangoRows(database.dialect, schema, from, after));
    yield* rows;
    if (rows.length < DJANGO_PAGE) return;
    last = Number(rows.at(-1)?.['id']);
  }
}
