import { InstanceChecker, type DataSource } from 'typeorm';
import { Database } from '../../database/database.js';
import type { Row } from '../../database/work.js';
import { checkRef, parseKey } from '../../catalog/index.js';
import { InvalidArgumentError } from '../../errors/argument.error.js';
import { UnmappedContentTypesError } from '../../errors/transfer.error.js';
import { shown } from '../../errors/trackstats.error.js';
import {
  entityClass,
  type EntityClass,
  exactValue,
  builtInTable,
  type StatisticContext,
} from '../../statistics/index.js';
import { orNull, optional, recordOf, text, type Check } from '../../validation/check.js';
import { nearest } from '../../validation/nearest.js';
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
  selectUnusedDomains,
} from './django.query.js';
import type { ImportResult } from '../import/import.js';
import type { GivenMetric, ImportEntry } from '../import/import-entry.js';
import type { SkippedRowCount, SkippedRows } from './skipped-rows.js';

/** Names the tables of django-trackstats, and the object types of its content types. */
export interface DjangoImportOptions {
  /** a connected data source on the Django application's database; it needs no entities */
  dataSource: DataSource;
  /**
   * for each content type with statistics, such as `'auth.user'`, its entity or object type here. null leaves its
   * statistics out. @default none
   */
  contentTypes?: Readonly<Record<string, EntityClass | string | null>> | undefined;
  /**
   * for domains whose ref is another one here, the ref here: `{ 'old forum': 'forum' }`. null leaves the metrics of the
   * domain out. @default the same refs
   */
  domains?: Readonly<Record<string, string | null>> | undefined;
  /**
   * for metrics whose refs are others here, the key here: `{ 'forum/comment count': 'forum/comments' }`. It is stronger
   * than `domains`. null leaves the metric out. @default the same refs
   */
  metrics?: Readonly<Record<string, string | null>> | undefined;
  /** leaves out rows that cannot be stored, instead of refusing the import. `skipped` lists them. @default false */
  skipInvalid?: boolean | undefined;
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

/** The result of an import from django-trackstats. */
export interface DjangoImportResult extends ImportResult {
  /** the rows that were left out, by table, metric and reason */
  readonly skipped: readonly SkippedRows[];
}

const key: Check<string> = (given, refuse) => {
  const { domain, metric } = parseKey(text(given, refuse));
  return `${domain}/${metric}`;
};

/** Checks of the options that describe the source. */
export const DJANGO_SOURCE = {
  dataSource,
  contentTypes: optional(recordOf(orNull(objectType))),
  domains: optional(recordOf(orNull(checkRef))),
  metrics: optional(recordOf(orNull(key))),
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

/** Refs and keys here, by those of django-trackstats. null leaves them out. */
interface Mapping {
  readonly domains: Readonly<Record<string, string | null>>;
  readonly metrics: Readonly<Record<string, string | null>>;
}

interface Django {
  readonly database: Database;
  readonly schema: DjangoSchema;
  readonly skipped: SkippedRowCount;
}

/** A metric of django-trackstats. */
interface FoundMetric {
  /** `'forum/comments'` there */
  readonly ref: string;
  /** null: it is left out */
  readonly here: GivenMetric | null;
}

/**
 * Yields the rows of django-trackstats' tables, page by page: metrics with their domains, statistics by date, and
 * statistics by date and object.
 *
 * @param skipped counts the rows that are left out
 * @throws UnsupportedDatabaseError, MissingDjangoTableError, UnmappedContentTypesError, InvalidObjectError
 * @throws InvalidArgumentError for a domain, metric or content type that is mapped and does not exist
 */
export async function* djangoEntries(
  context: StatisticContext,
  { dataSource, contentTypes = {}, tables, domains = {}, metrics: keys = {} }: Values<typeof DJANGO_SOURCE>,
  skipped: SkippedRowCount,
): AsyncGenerator<ImportEntry> {
  const django = { database: new Database(dataSource), schema: await djangoSchema(dataSource, tables), skipped };
  const types = await objectTypesOf(context, django, contentTypes);
  const metrics = await metricsOf(django, { domains, metrics: keys });
  yield* metricEntries(django, metrics);
  yield* valuesOf(context, django, metrics, 'byDate', () => ({}));
  yield* valuesOf(context, django, metrics, 'byDateAndObject', (row) => {
    const objectType = types.get(String(row['object_type']));
    return objectType === null ? null : { objectType, objectId: String(row['object_id']) };
  });
}

/** Yields the metrics that are not left out. */
function* metricEntries(
  { schema, skipped }: Django,
  metrics: ReadonlyMap<string, FoundMetric>,
): Generator<ImportEntry> {
  const table = schema.names.metric;
  for (const [id, { ref, here }] of metrics) {
    if (here === null) skipped.add(table, ref, LEFT_OUT);
    else yield { line: Number(id), table, ref, metric: here };
  }
}

const LEFT_OUT = 'It is mapped to null.';

/** Returns the object types of the content types that have statistics, by their ids. null: they are left out. */
async function objectTypesOf(
  { objectTypes }: StatisticContext,
  { database, schema }: Django,
  given: Readonly<Record<string, EntityClass | string | null>>,
): Promise<ReadonlyMap<string, string | null>> {
  const used = await database.read(() => selectContentTypes(schema));
  const named = used.map(({ id, app, model }) => ({ id: String(id), name: `${app}.${model}` }));
  const unmapped = named.filter(({ name }) => !Object.hasOwn(given, name)).map(({ name }) => name);
  if (unmapped.length > 0) throw new UnmappedContentTypesError(unmapped);
  return new Map(
    named.map(({ id, name }) => {
      const type = given[name] as EntityClass | string | null;
      return [id, type === null ? null : objectTypes.checkType(type)];
    }),
  );
}

/** Returns the metrics by their ids. A blank name counts as none. */
async function metricsOf(
  { database, schema, skipped }: Django,
  mapping: Mapping,
): Promise<ReadonlyMap<string, FoundMetric>> {
  const rows = await database.read(() => selectDjangoMetrics(schema));
  const unused = (await database.read(() => selectUnusedDomains(schema))).map(({ ref }) => String(ref));
  for (const domain of unused) skipped.add(schema.names.domain, domain, 'It has no metrics.');
  const found = rows.map((row) => ({ ...row, ref: String(row.ref), domain: String(row.domain_ref) }));
  checkNames('domains', mapping.domains, [...new Set([...found.map(({ domain }) => domain), ...unused])]);
  checkNames(
    'metrics',
    mapping.metrics,
    found.map(({ domain, ref }) => `${domain}/${ref}`),
  );
  const given = (text: unknown): unknown => (text === '' ? undefined : text);
  const metrics = new Map(
    found.map(({ id, domain, ref, name, description, domain_name }) => {
      const there = `${domain}/${ref}`;
      const key = keyHere(mapping, domain, ref);
      // a metric that moves to another domain does not name it
      const domainName = key?.split('/')[0] === domainHere(mapping, domain) ? given(domain_name) : undefined;
      const here = key === null ? null : { key, name: given(name), domainName, description: given(description) };
      return [String(id), { ref: there, here }] as const;
    }),
  );
  checkApart([...metrics.values()]);
  return metrics;
}

/** @throws InvalidArgumentError if two metrics would become one: rows of the same date would replace each other */
function checkApart(metrics: readonly FoundMetric[]): void {
  const refs = new Map<unknown, string>();
  for (const { ref, here } of metrics) {
    if (here === null) continue;
    const other = refs.get(here.key);
    if (other !== undefined)
      throw new InvalidArgumentError(
        'TransferService.importDjango: metrics',
        here.key,
        `Both ${shown(other)} and ${shown(ref)} would become this metric. Map one of them to another, or to null.`,
      );
    refs.set(here.key, ref);
  }
}

function domainHere({ domains }: Mapping, domain: string): string | null {
  return Object.hasOwn(domains, domain) ? (domains[domain] ?? null) : domain;
}

function keyHere(mapping: Mapping, domain: string, ref: string): string | null {
  const there = `${domain}/${ref}`;
  if (Object.hasOwn(mapping.metrics, there)) return mapping.metrics[there] ?? null;
  const here = domainHere(mapping, domain);
  return here === null ? null : `${here}/${ref}`;
}

/** @throws InvalidArgumentError for a name that does not exist: a mistyped one would do nothing */
function checkNames(option: string, given: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, names);
  throw new InvalidArgumentError(
    `TransferService.importDjango: ${option}`,
    unknown,
    `django-trackstats has none with this ref.${meant === null ? '' : ` Did you mean ${shown(meant)}?`}`,
  );
}

async function* valuesOf(
  { database }: StatisticContext,
  django: Django,
  metrics: ReadonlyMap<string, FoundMetric>,
  from: DjangoStatistics,
  keysOf: (row: Row) => Readonly<Record<string, unknown>> | null,
): AsyncGenerator<ImportEntry> {
  const table = builtInTable(database, from === 'byDate' ? 'total' : 'object', 'date');
  const name = django.schema.names[from];
  for await (const row of readRows(django, from)) {
    const { ref, here } = metrics.get(String(row['metric'])) ?? { ref: '', here: { key: '' } };
    const keys = keysOf(row);
    if (here === null || keys === null) {
      django.skipped.add(name, ref, here === null ? LEFT_OUT : 'Its content type is mapped to null.');
      continue;
    }
    yield {
      line: Number(row['id']),
      table: name,
      ref,
      value: {
        ...here,
        table,
        keys,
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
