/** The oracle of these specs: wall time by Intl alone, in plain TypeScript, sharing nothing with lib/time. */
const MS_PER_DAY = 86_400_000;
const FURTHER_THAN_ANY_OFFSET = 1.5 * MS_PER_DAY;
const formats = new Map<string, Intl.DateTimeFormat>();

export const ZONES = Intl.supportedValuesOf('timeZone');

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formats.set(zone, format);
  return format;
}

/** The wall time of a zone at an instant, in ms as if it were UTC. */
export function wallTime(instant: number, zone: string): number {
  const fixed = /^([+-])(\d\d):(\d\d)$/.exec(zone);
  if (fixed !== null)
    return instant + (fixed[1] === '-' ? -60_000 : 60_000) * (Number(fixed[2]) * 60 + Number(fixed[3]));
  if (zone === 'UTC' || zone === 'Z') return instant;
  // MM/DD/YYYY, hh:mm:ss
  const shown = formatOf(zone).format(instant);
  const field = (start: number, end: number): number => Number(shown.slice(start, end));
  const time = [field(12, 14), field(15, 17), field(18, 20)] as const;
  return Date.UTC(field(6, 10), field(0, 2) - 1, field(3, 5), ...time) + (((instant % 1000) + 1000) % 1000);
}

/** Seconds east of UTC. */
export function offsetByIntl(instant: number, zone: string): number {
  return (wallTime(instant, zone) - instant) / 1000;
}

/**
 * The instant that `Date` takes a reading for: the first occurrence of a repeated one, the offset before the transition for a
 * skipped one. (No zone has two transitions within three days; a spec says so.)
 */
export function readBack(reading: number, storedIn: string): number {
  const before = reading - offsetByIntl(reading - FURTHER_THAN_ANY_OFFSET, storedIn) * 1000;
  if (wallTime(before, storedIn) === reading) return before;
  const after = reading - offsetByIntl(reading + FURTHER_THAN_ANY_OFFSET, storedIn) * 1000;
  return wallTime(after, storedIn) === reading ? after : before;
}

/** The local day number in a zone of a reading. */
export function dayOfReading(reading: number, storedIn: string, zone: string): number {
  return Math.floor(wallTime(readBack(reading, storedIn), zone) / MS_PER_DAY);
}
