import { type MetricUnit, MetricService } from '../../catalog/index.js';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import { Period } from '../../time/period.js';
import type { Progress } from '../../tracking/running/progress.js';
import { TrackerRegistry } from '../../tracking/definition/tracker.registry.js';
import type { Difference, VerifyProgress } from '../../tracking/running/tracker.verifier.js';
import { given } from '../arguments.js';
import type { CommandContext, CommandTask } from '../command.context.js';
import { FAILURE, SUCCESS } from '../exit-code.js';
import { progressed, progressView } from '../progress.view.js';
import { table } from '../output.js';
import { valueWithUnit } from '../value-text.js';
import { resultText } from './run.command.js';

export interface RangeArguments {
  from?: string;
  to?: string;
}

interface TrackerDifferences {
  tracker: string;
  differences: Difference[];
}

/** The number of differences that are printed for each tracker. JSON has all of them. */
const SHOWN = 20;

/** Compares stored statistics with a fresh computation, of the named trackers or of all. */
export function verify(names: readonly string[], range: RangeArguments): CommandTask {
  return async (context) => {
    const trackers = await context.trackers();
    const found: TrackerDifferences[] = [];
    for (const tracker of names.length > 0 ? names : await withSource(context)) {
      const view = progressView(context.output, true);
      try {
        const onProgress = ({ date, fraction, differences }: VerifyProgress): void => {
          view.update({ date, fraction, done: `${context.output.name(tracker)}: ${differences} found` });
        };
        const { signal } = context;
        found.push({
          tracker,
          differences: await trackers.verify(tracker, { ...given({ ...range }), signal, onProgress }),
        });
      } finally {
        view.end();
      }
    }
    const json = found.map(({ tracker, differences }) => ({ tracker, differences: differences.map(shown) }));
    const isDifferent = found.some(({ differences }) => differences.length > 0);
    const units = isDifferent ? await unitsOf(context) : new Map<string, MetricUnit | null>();
    await context.output.result(json, () => found.map((each) => text(context, units, each)).join('\n'));
    return isDifferent ? FAILURE : SUCCESS;
  };
}

/** Writes the differences that were found. */
export function repair(tracker: string, range: RangeArguments): CommandTask {
  return async (context) => {
    const { output, signal } = context;
    const trackers = await context.trackers();
    const view = progressView(output, true);
    try {
      const onProgress = (progress: Progress): void => {
        view.update(progressed(progress));
      };
      const result = await trackers.repair(tracker, { ...given({ ...range }), triggeredBy: 'cli', signal, onProgress });
      view.end();
      await output.result(result, () => `${output.name(tracker)}: ${resultText(result)}`);
      return SUCCESS;
    } finally {
      view.end();
    }
  };
}

/** A method returns today's value only, so there is nothing to compare. */
async function withSource(context: CommandContext): Promise<string[]> {
  const app = await context.app();
  const all = app.get(TrackerRegistry, { strict: false }).all('verify');
  const names = all.filter(({ kind }) => kind === 'source').map(({ name }) => name);
  if (names.length === 0) throw new InvalidTrackerError('(all)', 'there is none with a source to compare with.');
  return names;
}

/** JSON has no `undefined`, which stands for no row. */
function shown({ stored, expected, period, ...rest }: Difference): object {
  return {
    ...rest,
    period: Period.nameOf(period),
    ...given({ stored, expected }),
    isStored: stored !== undefined,
    isExpected: expected !== undefined,
  };
}

async function unitsOf(context: CommandContext): Promise<ReadonlyMap<string, MetricUnit | null>> {
  const app = await context.app();
  const metrics = await app.get(MetricService, { strict: false }).list();
  return new Map(metrics.map(({ key, unit }) => [key, unit]));
}

function text(
  { output }: CommandContext,
  units: ReadonlyMap<string, MetricUnit | null>,
  { tracker, differences }: TrackerDifferences,
): string {
  if (differences.length === 0) return `${output.name(tracker)}: all stored values are correct.`;
  const rows = differences
    .slice(0, SHOWN)
    .map((difference) => [
      difference.metric,
      Period.nameOf(difference.period),
      difference.start ?? difference.date,
      difference.object === undefined
        ? difference.dimensions === undefined
          ? ''
          : JSON.stringify(difference.dimensions)
        : `${difference.object.type} ${difference.object.id}`,
      valueText(difference.stored, units.get(difference.metric) ?? null),
      valueText(difference.expected, units.get(difference.metric) ?? null),
    ]);
  const more = differences.length > SHOWN ? `\nand ${differences.length - SHOWN} more` : '';
  const count = differences.length === 1 ? 'a difference' : `${differences.length} differences`;
  return `${output.name(tracker)}: ${count}\n${table(['METRIC', 'PERIOD', 'DATE', 'KEY', 'STORED', 'EXPECTED'], rows)}${more}`;
}

function valueText(value: string | null | undefined, unit: MetricUnit | null): string {
  if (value === undefined) return 'no row';
  return value === null ? 'NULL' : valueWithUnit(value, unit);
}
