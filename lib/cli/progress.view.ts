import type * as cliProgress from 'cli-progress';
import type { Progress } from '../tracking/running/progress.js';
import type { Output } from './output.js';
import { requirePackage } from '../execution/optional-parts.js';

const BAR = { part: 'The progress bar', name: 'cli-progress', install: `'cli-progress@^3.12.0'` };

/** The progress of a task, and what it has done so far. */
export interface ShownProgress extends Pick<Progress, 'date' | 'fraction'> {
  readonly done: string;
}

/** Shows the progress of a backfill, a repair or a verification. */
export interface ProgressView {
  update(progress: ShownProgress): void;
  /** leaves the terminal as it was */
  end(): void;
}

/** The progress of a backfill or a repair. */
export function progressed({ date, fraction, written }: Progress): ShownProgress {
  return { date, fraction, done: `${written} rows written` };
}

/**
 * Returns a bar if a person watches, otherwise lines.
 *
 * @param isFresh as Estimate has it
 */
export function progressView(output: Output, isFresh: boolean): ProgressView {
  const estimate = new Estimate(() => performance.now(), isFresh);
  const left = (fraction: number): string => {
    const ms = estimate.left(fraction);
    return fraction === 1 ? '' : ms === null ? ', estimating' : `, about ${durationText(ms)} left`;
  };
  const bar = output.isWatched ? newBar(output) : null;
  if (bar === null) return lines(output, left);
  bar.start(100, 0, { date: '…', done: 'started', left: ', estimating' });
  return {
    update: ({ date, fraction, done }) => {
      bar.update(Math.floor(fraction * 100), { date, done, left: left(fraction) });
    },
    end: () => {
      bar.stop();
    },
  };
}

/** Writes at most one line a second. */
function lines(output: Output, left: (fraction: number) => string): ProgressView {
  let next = 0;
  return {
    update: ({ date, fraction, done }) => {
      const remaining = left(fraction);
      if (performance.now() < next && fraction < 1) return;
      next = performance.now() + 1000;
      output.note(`${date}: ${Math.floor(fraction * 100)} %, ${done}${remaining}`);
    },
    end: () => undefined,
  };
}

function newBar(output: Output): cliProgress.SingleBar | null {
  try {
    const { SingleBar } = requirePackage(BAR) as typeof cliProgress;
    return new SingleBar({
      format: '{bar} {percentage} % | {date} | {done}{left}',
      barCompleteChar: '#',
      barIncompleteChar: '-',
      hideCursor: true,
      stream: process.stderr,
    });
  } catch {
    output.note(`For a progress bar: npm install ${BAR.install}.`);
    return null;
  }
}

/** Estimates the remaining time from the progress since the first report. */
export class Estimate {
  private first: { readonly fraction: number; readonly at: number } | null;

  /**
   * @param now milliseconds of a clock that only goes forward
   * @param isFresh the work begins at nothing; what is gone on with begins where its first report says
   */
  constructor(
    private readonly now: () => number,
    isFresh: boolean,
  ) {
    this.first = isFresh ? { fraction: 0, at: now() } : null;
  }

  /** Returns the remaining milliseconds, or null if they are not known yet. */
  left(fraction: number): number | null {
    this.first ??= { fraction, at: this.now() };
    const done = fraction - this.first.fraction;
    return done <= 0 ? null : ((this.now() - this.first.at) / done) * (1 - fraction);
  }
}

/** Returns a duration in words: '3 h 5 min', '2 min 10 s', '8 s'. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
