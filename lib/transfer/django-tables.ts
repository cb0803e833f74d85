import { raw, type Sql } from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import { escapedPath } from '../database/table.js';
import { MissingDjangoTableError } from '../errors/transfer.error.js';

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
