import type { JSX } from 'preact';
import type { RunResource } from '../../../http/resources.js';
import { formatDuration, plural } from '../parts/format.js';

const [HEIGHT, STEP, WIDTH] = [32, 6, 4];

/** Fewer runs have no course. */
const ENOUGH = 3;

interface RunStripProps {
  /** the latest first */
  readonly runs: readonly RunResource[];
}

/**
 * The runs side by side, the latest at the right: as high as they took long, failures in red. A tracker that gets slower
 * or fails now and then shows at a glance. The table below says the same in words.
 */
export function RunStrip({ runs }: RunStripProps): JSX.Element | null {
  const ended = runs.flatMap(({ id, status, startedAt, finishedAt }) =>
    finishedAt === null ? [] : [{ id, status, duration: Date.parse(finishedAt) - Date.parse(startedAt) }],
  );
  if (ended.length < ENOUGH) return null;
  const longest = Math.max(1, ...ended.map(({ duration }) => duration));
  return (
    <div class="row">
      <span class="quiet small">
        {plural(ended.length, 'run')}, the longest {formatDuration(longest)}
      </span>
      <svg class="runs" width={ended.length * STEP} height={HEIGHT} aria-hidden="true" focusable="false">
        {ended.reverse().map(({ id, status, duration }, place) => {
          const height = Math.max(3, (duration / longest) * HEIGHT);
          return (
            <rect key={id} class={status} x={place * STEP} y={HEIGHT - height} width={WIDTH} height={height} rx={1} />
          );
        })}
      </svg>
    </div>
  );
}
