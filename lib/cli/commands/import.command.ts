import { createReadStream } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { InvalidArgumentError } from '../../errors/argument.error.js';
import type { CommandTask } from '../command.context.js';
import { SUCCESS } from '../exit-code.js';
import { transferOf } from '../transfer.loader.js';
import { formatOf } from './transfer-format.js';

/** Stores an exported file, all of it or nothing. */
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
      // what is read no further is stored by nobody
      input.destroy(context.signal.reason as Error);
    };
    context.signal.addEventListener('abort', stop, { once: true });
    const result = await transfer.import(input, { format, force: options.force === true });
    await context.output.result(result, () =>
      [
        `${result.rows} rows imported.`,
        ...result.createdMetrics.map((metric) => `Created the metric ${context.output.name(metric)}.`),
      ].join('\n'),
    );
    return SUCCESS;
  };
}
