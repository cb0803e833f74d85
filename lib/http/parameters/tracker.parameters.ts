import { flagParameter, integerParameter, dateParameter, choiceParameter } from './parameter.js';
import { ParametersPipe } from './parameters.pipe.js';

const FROM = dateParameter('from', 'first local date to compute');
const TO = dateParameter('to', 'last local date to compute');
const BACKGROUND = flagParameter('background', 'answers 202 at once; the result is in the progress of the tracker');
const KIND = choiceParameter('kind', 'only the task of this kind', 'verify', 'repair', 'backfill');

/** The parameters of each tracker route, in its query or (for routes that write) in its body. */
export const TRACKER_PARAMETERS = {
  none: new ParametersPipe({}),
  runs: new ParametersPipe({ limit: integerParameter('limit', 'so many at most', 1).withDefault(100) }),
  task: new ParametersPipe({ from: FROM.optional(), to: TO.optional(), background: BACKGROUND }),
  backfill: new ParametersPipe({ from: FROM.required(), to: TO.optional() }),
  cancel: new ParametersPipe({ kind: KIND.optional() }),
} as const;

type Read<K extends keyof typeof TRACKER_PARAMETERS> = ReturnType<(typeof TRACKER_PARAMETERS)[K]['transform']>;

export type RunsQuery = Read<'runs'>;
export type TaskBody = Read<'task'>;
export type CancelBody = Read<'cancel'>;
export type BackfillBody = Read<'backfill'>;
