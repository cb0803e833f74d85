import TestSequencer from '@jest/test-sequencer';

/**
 * Spec files that take 20 seconds or more, many of them waiting for processes. From a clean checkout jest knows no
 * durations and begins with the largest files: these would be last, with workers waiting for one of them.
 */
const SLOW = [
  'execution/processes',
  'cli/cli',
  'consumers/consumers',
  'tracking/history',
  'tracking/live',
  'execution/silence',
  'migrations/migrations',
  'rollup/bucket-partials',
  'tracking/metrics',
  'rollup/borders',
  'tracking/verify',
  'sample-app/sample-app',
  'rollup/date-columns',
  'properties/history',
  'properties/density',
  'tracking/times',
  'dashboard/ranges',
  'transfer/many',
  'dashboard/views',
  'rollup/buckets',
  'validation/public-calls',
  'time/time-bucket.postgres',
  'properties/live',
  'rollup/git-history',
  'statistics/start-range',
  'tracking/keep',
  'tracking/times-runs',
  'tracking/live-cell',
];

function placeOf({ path }) {
  const place = SLOW.findIndex((name) => path.endsWith(`/test/${name}.spec.ts`));
  return place < 0 ? SLOW.length : place;
}

/** Begins with the specs that take longest. */
export default class SlowestFirst extends TestSequencer {
  sort(tests) {
    return super.sort(tests).sort((a, b) => placeOf(a) - placeOf(b));
  }
}
