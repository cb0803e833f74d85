import { createRequire } from 'node:module';
import type * as cliProgress from 'cli-progress';
import type { Progress } from '../tracking/progress.js';
import { durationText, Estimate } from './estimate.js';
import type { Output } from './output.js';

/** Shows how far a backfill is. */
export interface ProgressView {
  update(progress: Progress): void;
  /** leaves the terminal as it was */
  end(): void;
}

/**
 * A bar where a person watches, lines where nobody does.
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
  bar.start(100, 0, { date: '…', written: 0, left: ', estimating' });
  return {
    update: ({ date, fraction, written }) => {
      bar.update(Math.floor(fraction * 100), { date, written, left: left(fraction) });
    },
    end: () => {
      bar.stop();
    },
  };
}

/** A line a second at most. */
function lines(output: Output, left: (fraction: number) => string): ProgressView {
  let next = 0;
  return {
    update: ({ date, fraction, written }) => {
      const remaining = left(fraction);
      if (performance.now() < next && fraction < 1) return;
      next = performance.now() + 1000;
      output.note(`${date}: ${Math.floor(fraction * 100)} %, ${written} rows written${remaining}`);
    },
    end: () => undefined,
  };
}

function newBar(output: Output): cliProgress.SingleBar | null {
  try {
    const { SingleBar } = createRequire(import.meta.url)('cli-progress') as typeof cliProgress;
    return new SingleBar({
      format: '{bar} {percentage} % | {date} | {written} rows written{left}',
      barCompleteChar: '#',
      barIncompleteChar: '-',
      hideCursor: true,
      stream: process.stderr,
    });
  } catch {
    output.note(`For a progress bar: npm install 'cli-progress@^3.12.0'.`);
    return null;
  }
}
