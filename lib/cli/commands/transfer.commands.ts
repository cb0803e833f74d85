import { createWriteStream, createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { access, constants, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../database/database-url.js';
import { InvalidArgumentError } from '../../errors/argument.error.js';
import { statisticTablesOf, ObjectTypes, StatisticOwners } from '../../statistics/index.js';
import type { AnnotationRange } from '../../annotations/annotation.js';
import type { ExportFilter } from '../../transfer/export/export-filter.js';
import { databaseOf } from '../application.js';
import { dateOrInstant, given, periods } from '../arguments.js';
import type { CommandTask } from '../command.context.js';
import { SUCCESS } from '../exit-code.js';
import { table, type Output } from '../output.js';
import type { DjangoImportOptions } from '../../transfer/django/django.import.js';
import type { SkippedRows } from '../../transfer/django/skipped-rows.js';
import type { ImportResult } from '../../transfer/import/import.js';
import type { TransferFormat } from '../../transfer/transfer-format.js';
import type { TransferService } from '../../transfer/transfer.service.js';
import { resolveOptions, type TrackstatsModuleOptions } from '../../trackstats.options.js';
import { isOptions } from '../../validation/check.js';
import { TRACKSTATS_CLOCK, TRACKSTATS_OPTIONS, type Clock } from '../../trackstats.tokens.js';

export interface ExportArguments {
  format?: string;
  output?: string;
  metric?: readonly string[];
  domain?: string;
  period?: readonly string[];
  from?: string;
  to?: string;
  last?: number;
  objectType?: string;
  objects?: boolean;
  statistic?: string;
  annotations?: boolean;
}

/** Writes statistics as CSV or JSON Lines. */
export function exportTo(options: ExportArguments): CommandTask {
  return async (context) => {
    const isOfAnnotations = options.annotations === true;
    const format = formatOf(options.format ?? (isOfAnnotations ? 'jsonl' : undefined), options.output ?? null);
    const app = await context.app();
    const transfer = await transferOf(app);
    const stream = isOfAnnotations
      ? await transfer.exportAnnotations(annotationsOf(options, format))
      : await transfer.export(filterOf(app, options), { format });
    if (options.output === undefined) {
      for await (const chunk of stream) {
        context.signal.throwIfAborted();
        await context.output.write(chunk as Uint8Array);
      }
      return SUCCESS;
    }
    await pipeline(stream, createWriteStream(options.output), { signal: context.signal }).catch((error: unknown) => {
      context.signal.throwIfAborted();
      throw error;
    });
    context.output.note(`Written to ${options.output}`);
    return SUCCESS;
  };
}

function filterOf(app: INestApplicationContext, options: ExportArguments): ExportFilter {
  const { metric, domain, period, from, to, last, objectType, objects, statistic } = options;
  const scopes = [objectType, objects, statistic].filter((scope) => scope !== undefined);
  if (scopes.length > 1) {
    throw new InvalidArgumentError(
      'The scope',
      scopes.join(' '),
      'Give one of --object-type, --objects and --statistic.',
    );
  }
  return given({
    metrics: metric,
    domain,
    period: period === undefined ? undefined : periods(period),
    from: from === undefined ? undefined : dateOrInstant(from),
    to: to === undefined ? undefined : dateOrInstant(to),
    last,
    objectType,
    objects: objects === true ? 'all' : undefined,
    entity: statistic === undefined ? undefined : statisticNamed(app, statistic),
  }) as ExportFilter;
}

const OF_STATISTICS = ['metric', 'period', 'objectType', 'objects', 'statistic'] as const;

function annotationsOf(options: ExportArguments, format: TransferFormat): AnnotationRange {
  const other = OF_STATISTICS.find((name) => options[name] !== undefined);
  if (other !== undefined) {
    const flag = `--${other.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new InvalidArgumentError(flag, options[other], 'It selects statistics. Leave it out, or --annotations.');
  }
  if (format === 'csv') {
    throw new InvalidArgumentError('The format', format, 'Annotations are exported as JSON Lines. Expected jsonl.');
  }
  const { from, to, last, domain } = options;
  return given({ from, to, last, domain });
}

/** Finds a custom statistic by the name of its class. */
function statisticNamed(app: INestApplicationContext, name: string): unknown {
  const custom = statisticTablesOf(databaseOf(app)).filter(({ kind }) => kind === 'custom');
  const found = custom.find(({ entity }) => entity.name === name);
  if (found !== undefined) return found.entity;
  const names = custom.map(({ entity }) => entity.name).join(', ');
  throw new InvalidArgumentError(
    '--statistic',
    name,
    names === '' ? 'The application has no custom statistics.' : `Expected one of ${names}.`,
  );
}

/** Imports a file, all of it or nothing. */
export function importFrom(file: string, options: { format?: string; force?: boolean }): CommandTask {
  return async (context) => {
    const isStandardInput = file === '-';
    const format = formatOf(options.format, isStandardInput ? null : file);
    if (!isStandardInput) {
      await access(file, constants.R_OK).catch(() => {
        throw new InvalidArgumentError('The file', file, 'It is not there, or cannot be read.');
      });
    }
    const transfer = await transferOf(await context.app());
    const input = isStandardInput ? process.stdin : createReadStream(file);
    const stop = (): void => {
      // stops reading, so that nothing is stored
      input.destroy(context.signal.reason as Error);
    };
    context.signal.addEventListener('abort', stop, { once: true });
    const result = await transfer.import(input, { format, force: options.force === true });
    await context.output.result(result, () => importedLines(result, context.output).join('\n'));
    return SUCCESS;
  };
}

export interface ImportDjangoArguments {
  mapping?: string;
  skipInvalid?: boolean;
  force?: boolean;
}

/** Imports the tables of django-trackstats, and lists what was left out. */
export function importDjangoFrom(
  database: string,
  { mapping, skipInvalid, force }: ImportDjangoArguments,
): CommandTask {
  return async (context) => {
    const options = dataSourceOptions('The database', database);
    const refs = mapping === undefined ? {} : await readMapping(mapping);
    const transfer = await transferOf(await context.app());
    const dataSource = await new DataSource(options).initialize();
    try {
      const given = { ...refs, skipInvalid: skipInvalid === true, force: force === true };
      const result = await context.unlessStopped(transfer.importDjango({ ...given, dataSource }));
      await context.output.result(result, () =>
        [...importedLines(result, context.output), '', skippedText(result.skipped)].join('\n'),
      );
    } finally {
      await dataSource.destroy();
    }
    return SUCCESS;
  };
}

type DjangoMapping = Pick<DjangoImportOptions, 'contentTypes' | 'domains' | 'metrics'>;

const MAPPING =
  'Expected a JSON file: { "domains": {}, "metrics": {}, "contentTypes": {} }, each from the name there to that here.';

/** Reads the file of a mapping. The import checks its values. */
async function readMapping(file: string): Promise<DjangoMapping> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new InvalidArgumentError('--mapping', file, 'It does not exist, or cannot be read.');
  });
  let mapping: unknown;
  try {
    mapping = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('--mapping', file, MAPPING);
  }
  const isKnown = (name: string): boolean => ['domains', 'metrics', 'contentTypes'].includes(name);
  if (isOptions(mapping) && Object.keys(mapping).every(isKnown)) return mapping;
  throw new InvalidArgumentError('--mapping', file, MAPPING);
}

function importedLines({ rows, annotations, createdMetrics }: ImportResult, output: Output): string[] {
  const notes = annotations === 1 ? '1 annotation imported.' : `${annotations} annotations imported.`;
  return [
    `${rows} rows imported.`,
    ...(annotations === 0 ? [] : [notes]),
    ...createdMetrics.map((metric) => `Created the metric ${output.name(metric)}.`),
  ];
}

function skippedText(skipped: readonly SkippedRows[]): string {
  if (skipped.length === 0) return 'Nothing was left out.';
  const rows = skipped.map(({ table: name, ref, rows, reason }) => [name, ref, String(rows), reason]);
  return `Left out:\n${table(['TABLE', 'REF', 'ROWS', 'REASON'], rows)}`;
}

const FORMATS: readonly string[] = ['csv', 'jsonl'] satisfies TransferFormat[];

/** Returns the given format, or that of the file's name. */
export function formatOf(format: string | undefined, file: string | null): TransferFormat {
  const found = format ?? (file === null ? '' : extname(file).slice(1).toLowerCase());
  if (FORMATS.includes(found)) return found as TransferFormat;
  throw new InvalidArgumentError(
    'The format',
    found,
    `Expected --format csv or --format jsonl, or a file named .csv or .jsonl.`,
  );
}

/** Returns the TransferService of an application, which need not import its module. */
export async function transferOf(app: INestApplicationContext): Promise<TransferService> {
  const { TransferService } = await import('../../transfer/transfer.service.js');
  return new TransferService(
    databaseOf(app),
    app.get(ObjectTypes, { strict: false }),
    app.get(StatisticOwners, { strict: false }),
    resolveOptions(app.get<TrackstatsModuleOptions>(TRACKSTATS_OPTIONS, { strict: false })),
    app.get<Clock>(TRACKSTATS_CLOCK, { strict: false }),
  );
}
