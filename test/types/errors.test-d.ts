import { TrackstatsError, UnknownMetricError, type TrackstatsErrorKind } from 'nestjs-trackstats';

/** An application that answers by the reason of an error. */
export function statusOf(error: unknown): number {
  const kind: TrackstatsErrorKind | null = error instanceof TrackstatsError ? error.kind : null;
  return kind === 'unknown' ? 404 : 500;
}

export const unknown: 'unknown' = new UnknownMetricError('shop/orders', null).kind;

// @ts-expect-error -- an error has a kind
export class KindlessError extends TrackstatsError {
  readonly code = 'TRACKSTATS_KINDLESS';
}

export class UnkindError extends TrackstatsError {
  readonly code = 'TRACKSTATS_UNKIND';
  // @ts-expect-error -- one of those that there are
  readonly kind = 'unkind';
}
