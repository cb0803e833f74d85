/** The status of an alert: its condition is met, or it is not. */
export type AlertStatus = 'ok' | 'firing';

/** How far an alert has come in what it watches. */
export interface AlertProgress {
  readonly status: AlertStatus;
  /** the moment of the last observation, as text that sorts by time; null before the first one */
  readonly moment: string | null;
}

/** One look at what an alert watches. */
export interface Observation<D = unknown> {
  /** text that sorts by time */
  readonly moment: string;
  readonly verdict: 'met' | 'recovered' | 'between';
  readonly detail: D;
}

/** The progress after some observations, up to the first that changed the status. */
export interface Advance<D> {
  readonly progress: AlertProgress;
  /** the last observation that was taken in; null if there was none */
  readonly last: Observation<D> | null;
  /** the status has changed with the last observation */
  readonly crossed: boolean;
}

/**
 * Takes observations in until the status changes. A condition that is met makes an alert fire, and only a value that has
 * recovered makes it end: one between the thresholds changes nothing.
 *
 * Observations of earlier moments than the last one are ignored. One of the same moment is taken in again, because a
 * later run may have computed another value for it.
 *
 * @param observations in the order of their moments
 */
export function advance<D>(progress: AlertProgress, observations: readonly Observation<D>[]): Advance<D> {
  let { moment } = progress;
  let last: Observation<D> | null = null;
  for (const observation of observations) {
    if (moment !== null && observation.moment < moment) continue;
    moment = observation.moment;
    last = observation;
    const status = statusAfter(progress.status, observation.verdict);
    if (status !== progress.status) return { progress: { status, moment }, last, crossed: true };
  }
  return { progress: { status: progress.status, moment }, last, crossed: false };
}

function statusAfter(status: AlertStatus, verdict: Observation['verdict']): AlertStatus {
  if (verdict === 'between') return status;
  return verdict === 'met' ? 'firing' : 'ok';
}
