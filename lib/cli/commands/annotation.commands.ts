import type { Annotation } from '../../annotations/annotation.js';
import { InvalidArgumentError } from '../../errors/argument.error.js';
import { given } from '../arguments.js';
import type { CommandTask } from '../command.context.js';
import { SUCCESS } from '../exit-code.js';
import { table } from '../output.js';

export interface AnnotateArguments {
  date?: string;
  at?: string;
  domain?: string;
  key?: string;
}

export interface AnnotationsArguments {
  from?: string;
  to?: string;
  last?: number;
  domain?: string;
  remove?: string;
}

/** Adds a note at a date. */
export function annotate(text: string, { date, at, domain, key }: AnnotateArguments): CommandTask {
  return async (context) => {
    const statistics = await context.statistics();
    const annotation = await statistics.annotate({ text, ...given({ date, at, domain, key }) });
    await context.output.result(resourceOf(annotation), () => table(HEADINGS, [row(annotation)]));
    return SUCCESS;
  };
}

/** Lists annotations, or removes one. */
export function annotations({ remove, from, to, last, domain }: AnnotationsArguments): CommandTask {
  return async (context) => {
    const statistics = await context.statistics();
    if (remove !== undefined) {
      if (!(await statistics.removeAnnotation(remove))) {
        throw new InvalidArgumentError(
          '--remove',
          remove,
          'Expected the id of an annotation, as annotations lists it.',
        );
      }
      await context.output.result({ removed: remove }, () => 'The annotation is removed.');
      return SUCCESS;
    }
    const found = await context.unlessStopped(statistics.annotations(given({ from, to, last, domain })));
    await context.output.result(found.map(resourceOf), () =>
      found.length === 0 ? 'There are no annotations.' : table(HEADINGS, found.map(row)),
    );
    return SUCCESS;
  };
}

const HEADINGS = ['DATE', 'AT', 'DOMAIN', 'TEXT', 'ID'];

function row({ id, date, at, text, domain }: Annotation): string[] {
  return [date, at?.toISOString() ?? '-', domain?.ref ?? '-', text, id];
}

function resourceOf({ domain, ...annotation }: Annotation): object {
  return { ...annotation, domain: domain?.ref ?? null };
}
