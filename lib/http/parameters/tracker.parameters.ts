import { integer, localDate } from './parameter.js';
import { ParametersPipe } from './parameters.pipe.js';

const FROM = localDate('from', 'first local date to compute');
const TO = localDate('to', 'last local date to compute');

/** The parameters of each tracker route, in its query or (for routes that write) in its body. */
export const TRACKER_PARAMETERS = {
  none: new ParametersPipe({}),
  runs: new ParametersPipe({ limit: integer('limit', 'so many at most', 1).withDefault(100) }),
  range: new ParametersPipe({ from: FROM.optional(), to: TO.optional() }),
  backfill: new ParametersPipe({ from: FROM.required(), to: TO.optional() }),
} as const;

type Read<K extends keyof typeof TRACKER_PARAMETERS> = ReturnType<(typeof TRACKER_PARAMETERS)[K]['transform']>;

export type RunsQuery = Read<'runs'>;
export type RangeBody = Read<'range'>;
export type BackfillBody = Read<'backfill'>;
