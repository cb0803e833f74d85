import TestSequencer from '@jest/test-sequencer';

/**
 * Spec files that take 20 seconds or more, many of them waiting for processes. From a clean checkout jest knows no
 * durations and begins with the largest files: these would be last, with workers waiting for one of them.
 */
const SLOW = [
  'execution/processes',
  'consumers/consumers',
  'execution/silence',
  'cli/cli',
  'tracking/history',
  'tracking/live',
  'tracking/verify',
  'tracking/metrics',
  'migrations/migrations',
  'sample-app/sample-app',
  'dashboard/ranges',
  'rollup/borders',
  'dashboard/views',
  'rollup/bucket-partials',
  'rollup/date-columns',
  'tracking/times',
  'properties/live',
  'properties/history',
  'rollup/git-history',
  'transfer/many',
  'time/time-bucket.postgres',
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
