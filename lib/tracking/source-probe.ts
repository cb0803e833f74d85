import type { Dialect } from '../database/dialects/dialect.js';
import type { Work } from '../database/work.js';
import { earliestReading } from '../rollup/rollup.js';
import { fromDayNumber, type LocalDate } from '../time/local-date.js';
import { daySegments, latestReading, localDateAt } from '../time/time-zone.js';
import type { ResolvedTracker } from './tracker.resolver.js';

/** What a run asks of its source before it reads it. */
export interface SourceProbe {
  /** the local date of the source's first row that has come by now; null where there is none */
  firstDate(): Work<LocalDate | null>;
  countsByIndex(): Work<boolean>;
}

/** Asks a source that is in the database of the work. */
export function probeOf(dialect: Dialect, tracker: ResolvedTracker, now: Date): SourceProbe {
  return { firstDate: () => firstDate(dialect, tracker, now), countsByIndex: () => countsByIndex(dialect, tracker) };
}

/** Asks a source beforehand, for a work that is done in another database. */
export function* probed(probe: SourceProbe): Work<SourceProbe> {
  const first = yield* probe.firstDate();
  const counts = yield* probe.countsByIndex();
  return knownProbe(first, counts);
}

/** What is known already. */
export function knownProbe(firstDate: LocalDate | null, countsByIndex: boolean): SourceProbe {
  return { firstDate: () => known(firstDate), countsByIndex: () => known(countsByIndex) };
}

// eslint-disable-next-line require-yield -- a work of no statements
function* known<T>(value: T): Work<T> {
  return value;
}

function* countsByIndex(dialect: Dialect, { source: { plain } }: ResolvedTracker): Work<boolean> {
  return plain !== null && (yield* dialect.countsByIndex(plain.table, plain.column));
}

function* firstDate(dialect: Dialect, { definition, source }: ResolvedTracker, now: Date): Work<LocalDate | null> {
  const { clock } = source;
  const zone = definition.timeZone;
  const before =
    clock.kind === 'date' ? Date.parse(localDateAt(now, zone)) + 86_400_000 : latestReading(now, clock.storedIn) + 1;
  const reading = yield* earliestReading(dialect, source, before);
  if (reading === null) return null;
  const [segment] =
    clock.kind === 'date' ? [] : daySegments({ storedIn: clock.storedIn, zone, from: reading, to: reading });
  return fromDayNumber(Math.floor((reading / 1000 + (segment?.shift ?? 0)) / 86_400));
}
