import { OutOfRangeError } from '../../errors/run.error.js';
import { shown } from '../../errors/trackstats.error.js';
import { type GreatNumber, greatestNumber, longKey, noNumber } from '../../rollup/out-of-range.js';
import { trackerLabel, type ResolvedTracker } from './tracker.resolver.js';

/**
 * Returns the error of a run, or a clearer one that names the tracker, the object and the value, if something in the
 * source is too long or too large. It reads the whole source for that, but only after a run has failed.
 */
export async function explainOutOfRange(tracker: ResolvedTracker, error: unknown): Promise<unknown> {
  const { sourceDatabase, entries, definition } = tracker;
  const name = trackerLabel(definition);
  const { dialect } = sourceDatabase;
  for (const { sourceOf, target } of entries) {
    const key = await sourceDatabase.read(() => longKey(dialect, sourceOf, target.statistic));
    if (key === null) continue;
    const what = target.statistic.kind === 'object' ? 'the id of an object' : `the dimension ${key.property}`;
    return new OutOfRangeError(
      name,
      `${what} has ${String(key.length)} characters: ${shown(key.value)}. Expected at most ${String(key.limit)}. ` +
        (target.statistic.kind === 'object'
          ? 'Leave such rows out with where, or track by a shorter key.'
          : 'Leave such rows out with where, or give the dimension a greater length: @Dimension({ length: … }).'),
      error,
    );
  }
  let greatest: { of: string; number: GreatNumber } | null = null;
  for (const { sourceOf, measure, aggregate } of entries) {
    const of = `${aggregate.function}(${shown(aggregate.field)})`;
    const text = await sourceDatabase.read(() => noNumber(dialect, sourceOf, measure));
    if (text !== null) {
      return new OutOfRangeError(
        name,
        `${of} cannot be computed: a row has ${shown(text)}, which is no number. Expected numbers in ` +
          `this column. Leave such rows out with where, or correct them.`,
        error,
      );
    }
    const number = await sourceDatabase.read(() => greatestNumber(dialect, sourceOf, measure));
    if (number === null) continue;
    if (greatest === null || sizeOf(number) > sizeOf(greatest.number)) greatest = { of, number };
  }
  if (greatest === null) return error;
  const { of, number } = greatest;
  const whose = number.keys.length === 0 ? '' : ` of ${number.keys.map(shown).join(', ')}`;
  return new OutOfRangeError(
    name,
    `${of}${whose} cannot be stored: the value is ${number.value}, or passed a limit on the way to ` +
      `it. Expected a finite number of at most 45 digits before the point; on SQLite, sums of integers up to 2^63. Leave ` +
      `the rows out with where, or correct them.`,
    error,
  );
}

function sizeOf({ value }: GreatNumber): number {
  const size = Math.abs(Number(value));
  return Number.isNaN(size) ? Infinity : size;
}
