import { offsetChanges } from '../../lib/time/zone-offsets.js';
import fc from '../support/fast-check.js';
import { ZONES } from './wall-clock.js';

const FROM = Date.UTC(1900, 0, 5);
const TO = Date.UTC(2037, 11, 20);
const MS_PER_YEAR = 31_556_952_000;

/** Every zone alike, but one in three draws is a zone that was difficult. */
export const zones = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...ZONES) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'Pacific/Apia',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Africa/Monrovia',
      'Pacific/Kwajalein',
      'Antarctica/Troll',
      'Africa/Casablanca',
      'Asia/Manila',
      'America/Noronha',
      'UTC',
    ),
  },
);

const fixedOffsets = fc
  .tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 15 }), fc.constantFrom(0, 1, 30, 45, 59))
  .map(([sign, hours, minutes]) => `${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`);

/** A tracker's zone and a column's, which are often the same. */
export const clocks = zones.chain((zone) =>
  fc.record({
    zone: fc.constant(zone),
    storedIn: fc.oneof(fc.constant('UTC'), fc.constant(zone), zones, fc.constant('Z'), fixedOffsets),
  }),
);

/** Milliseconds from a transition: on it, beside it, within three days of it. */
const besides = fc.oneof(
  fc.constantFrom(-1000, -1, 0, 1, 999, 1000, -3_600_000, 3_600_000, -86_400_000, 86_400_000),
  fc.integer({ min: -3 * 86_400_000, max: 3 * 86_400_000 }),
);

/** An instant (ms) of the years 1900 to 2037, three times in four near a transition of one of the zones. */
export function instantsNear(...names: string[]): fc.Arbitrary<number> {
  const anywhere = fc.integer({ min: FROM, max: TO });
  const near = fc.tuple(anywhere, fc.constantFrom(...names), fc.nat(), besides).map(([start, name, index, beside]) => {
    const known = /^[A-Z][a-z]/.test(name) ? offsetChanges(name, start / 1000, (start + 4 * MS_PER_YEAR) / 1000) : [];
    const change = known.at(index % Math.max(known.length, 1));
    return Math.min(Math.max((change === undefined ? start : change.at * 1000) + beside, FROM), TO);
  });
  return fc.oneof({ weight: 1, arbitrary: anywhere }, { weight: 3, arbitrary: near });
}
