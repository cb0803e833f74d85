import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { InvalidArgumentError } from '../../errors/argument.error.js';
import { statisticTablesOf } from '../../statistics/index.js';
import type { ExportFilter } from '../../transfer/export-filter.js';
import { databaseOf } from '../application.js';
import { given, periods } from '../arguments.js';
import type { CommandTask } from '../command.context.js';
import { SUCCESS } from '../exit-code.js';
import { transferOf } from '../transfer.loader.js';
import { formatOf } from './transfer-format.js';

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
}

/** Writes statistics as CSV or JSON Lines. */
export function exportTo(options: ExportArguments): CommandTask {
  return async (context) => {
    const format = formatOf(options.format, options.output ?? null);
    const app = await context.app();
    const transfer = await transferOf(app);
    const stream = await transfer.export(filterOf(app, options), { format });
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
    from,
    to,
    last,
    objectType,
    objects: objects === true ? 'all' : undefined,
    entity: statistic === undefined ? undefined : statisticNamed(app, statistic),
  }) as ExportFilter;
}

/** The custom statistic of a class name. */
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
