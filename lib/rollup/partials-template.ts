import sql, { raw, Sql } from 'sql-template-tag';
import type { Dialect } from '../database/dialects/dialect.js';
import { latestReading } from '../time/time-zone.js';
import { partials, readingBounds } from './rollup-sql.js';
import type { ResolvedSource, SourceScan } from './rollup-spec.js';

/** Stands for the first reading that is too late. No SQL has this character. */
const GAP = '\0';

/** Later than any reading of the last scanned day, in whatever zone. */
const TWO_DAYS = 2 * 86_400_000;

/**
 * The partials of a scan as a common table expression whose text is made once. Only the last reading is filled in for
 * each instant. The offsets of the zone are those of whole days, so that a change of the clock which is still to come
 * today is in the text already.
 */
export class PartialsTemplate {
  private readonly parts: readonly Sql[];
  private readonly endOfDays: number;

  constructor(
    private readonly dialect: Dialect,
    private readonly scan: SourceScan,
  ) {
    const now = new Date((scan.scanThrough + 1) * 86_400_000 + TWO_DAYS);
    const whole = { ...scan, now, until: raw(GAP) };
    this.endOfDays = readingBounds(whole).to;
    // ranges of an index contain the last reading elsewhere too
    this.parts = scan.countsByIndex ? [] : partsOf(partials(dialect, whole));
  }

  /** Returns the expression for an instant. */
  at(now: Date): Sql {
    const { dialect, scan } = this;
    const [first, ...rest] = this.parts;
    if (first === undefined) return partials(dialect, { ...scan, now });
    const { clock } = scan.source;
    const to =
      clock.kind === 'date' ? this.endOfDays : Math.min(this.endOfDays, latestReading(now, clock.storedIn) + 1);
    const until = dialect.reading(clock, to);
    return rest.reduce((before, part) => sql`${before}${until}${part}`, first);
  }
}

/** A scan of the last run of a source. */
interface LastScan {
  readonly dialect: Dialect;
  readonly scan: SourceScan;
  /** made once the same is read again */
  template: PartialsTemplate | null;
}

const lastScans = new WeakMap<ResolvedSource, LastScan>();

/** Returns the partials of a scan like `partials`, with a text that is kept if runs read the same days again and again. */
export function keptPartials(dialect: Dialect, scan: SourceScan): Sql {
  const last = lastScans.get(scan.source);
  if (last?.dialect !== dialect || !areSame(last.scan, scan)) {
    lastScans.set(scan.source, { dialect, scan, template: null });
    return partials(dialect, scan);
  }
  last.template ??= new PartialsTemplate(dialect, scan);
  return last.template.at(scan.now);
}

/** True if two scans differ at most in their instants. */
function areSame(one: SourceScan, other: SourceScan): boolean {
  return (Object.keys(one) as (keyof SourceScan)[]).every((key) => key === 'now' || one[key] === other[key]);
}

/** Returns what is before, between and after the gaps of a template. */
function partsOf({ strings, values }: Sql): Sql[] {
  const parts: Sql[] = [];
  let texts: string[] = [];
  let bound: unknown[] = [];
  for (const [index, text] of strings.entries()) {
    if (index > 0) bound.push(values[index - 1]);
    const [first = '', ...others] = text.split(GAP);
    texts.push(first);
    for (const next of others) {
      parts.push(new Sql(texts, bound));
      [texts, bound] = [[next], []];
    }
  }
  return [...parts, new Sql(texts, bound)];
}
