/** The unit of a metric: a name, or a currency. */
type Unit = string | { readonly currency: string };

const PERCENT = { style: 'percent', signDisplay: 'exceptZero' } as const;

/** Shown for an unknown value. */
export const UNKNOWN = '–';

/** A value below this one is shown with its first digits, or it would be 0. */
const SMALL = 1;

/** A smaller amount of money would be shown as 0. */
const CENT = 0.01;

/** Longer numbers do not fit a column or a tile. */
const LONG = 1_000_000;

/** Names of powers, as in '1T', end here. */
const HUGE = 1e15;
/** More decimals are no number that one reads. */
const MOST_DECIMALS = 12;
const POWER = { notation: 'scientific', maximumFractionDigits: 2 } as const;

/** How numbers of a size are written with their unit. */
interface Written {
  /** what a number is divided by: 1,000 for kB */
  readonly divisor: number;
  readonly options: Intl.NumberFormatOptions;
  /** follows the number, of a unit that Intl does not know */
  readonly suffix: string;
  readonly isPercent: boolean;
}

/** The sizes of units that grow, from the largest down, by the names that Intl knows. */
const SIZES: Readonly<Record<string, readonly (readonly [unit: string, size: number])[]>> = {
  bytes: [
    ['petabyte', 1e15],
    ['terabyte', 1e12],
    ['gigabyte', 1e9],
    ['megabyte', 1e6],
    ['kilobyte', 1e3],
    ['byte', 1],
  ],
  seconds: [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
    ['millisecond', 1e-3],
  ],
};
/** Two of a size are written in it, and less in the one below: 90 seconds, but 2 minutes. */
const LEAST_OF_SIZE: Readonly<Record<string, number>> = { bytes: 1, seconds: 2 };

/** Writes numbers with their units in a language. */
export class NumberText {
  /** creating a formatter takes as long as formatting some hundred numbers */
  private readonly byOptions = new Map<string, Intl.NumberFormat>();
  private percentSign: string | null = null;

  /** @param locale undefined: that of the process, or of the browser */
  constructor(private readonly locale: string | undefined) {}

  /** Writes a value in full. Values below 1 keep three significant digits, so that 0.004 does not read as 0. */
  full(value: number | null, unit?: Unit): string {
    if (value === null) return UNKNOWN;
    const written = writtenWith(unit, Math.abs(value));
    const shown = value / written.divisor;
    return this.write(shown, written, Math.abs(shown) < 1e21 ? precisionOf(shown, unit) : POWER);
  }

  /** Writes a value in at most about seven characters: 1.23M. */
  short(value: number | null, unit?: Unit): string {
    if (value === null) return UNKNOWN;
    const written = writtenWith(unit, Math.abs(value));
    const shown = value / written.divisor;
    if (Math.abs(shown) < LONG) return this.full(value, unit);
    const compact = { notation: 'compact', maximumFractionDigits: 2 } as const;
    return this.write(shown, written, Math.abs(shown) < HUGE ? compact : POWER);
  }

  /**
   * Writes the ticks of an axis, all with the decimals that their step needs.
   *
   * @example new NumberText('en').ticks([0, 0.005, 0.01], 0.005) // ['0.000', '0.005', '0.010']
   */
  ticks(ticks: readonly number[], step: number, unit?: Unit): string[] {
    const most = Math.max(0, ...ticks.map(Math.abs));
    const written = writtenWith(unit, most);
    const { divisor } = written;
    const largest = most / divisor;
    const isCompact = largest >= 10_000;
    const power = isCompact ? 3 * Math.floor(Math.log10(largest) / 3) : 0;
    const decimals = Math.max(0, Math.ceil(-Math.log10(step / divisor / 10 ** power) - 1e-9));
    if (decimals > MOST_DECIMALS || largest >= HUGE) return this.writeTicks(ticks, written, POWER);
    const compact = { notation: 'compact', minimumFractionDigits: 0, maximumFractionDigits: decimals } as const;
    const plain = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    return this.writeTicks(ticks, written, isCompact ? compact : plain);
  }

  /** Writes a change of `changeOf`: +12.5%. */
  change(change: number | null): string {
    if (change === null) return UNKNOWN;
    if (change >= 100) return `${this.format({ maximumFractionDigits: 0 }).format(change + 1)}×`;
    const size = Math.abs(change);
    // beside an arrow 0% would make no sense
    if (size > 0 && size < 0.0005) return this.format({ ...PERCENT, maximumSignificantDigits: 1 }).format(change);
    return this.format({ ...PERCENT, maximumFractionDigits: size < 0.1 ? 1 : 0 }).format(change);
  }

  /** A part of a whole: 12.5%. */
  share(share: number): string {
    return this.format({ style: 'percent', maximumFractionDigits: 1 }).format(share);
  }

  private writeTicks(ticks: readonly number[], written: Written, precision: Intl.NumberFormatOptions): string[] {
    return ticks.map((tick) => this.write(tick === 0 ? 0 : tick / written.divisor, written, precision)); // no -0
  }

  private write(shown: number, { options, suffix, isPercent }: Written, precision: Intl.NumberFormatOptions): string {
    return this.format({ ...options, ...precision }).format(shown) + (isPercent ? this.percent() : suffix);
  }

  /** As the language has it: '%' or ' %'. */
  private percent(): string {
    return (this.percentSign ??= this.format({ style: 'percent' })
      .formatToParts(0)
      .filter(({ type }) => type === 'percentSign' || type === 'literal')
      .map(({ value }) => value)
      .join(''));
  }

  private format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const id = JSON.stringify(options);
    const known = this.byOptions.get(id) ?? new Intl.NumberFormat(this.locale, options);
    this.byOptions.set(id, known);
    return known;
  }
}

function writtenWith(unit: Unit | undefined, largest: number): Written {
  const plain = { divisor: 1, options: {}, suffix: '', isPercent: false };
  if (unit === undefined) return plain;
  if (typeof unit !== 'string') return { ...plain, options: { style: 'currency', currency: unit.currency } };
  if (unit === 'percent') return { ...plain, divisor: 0.01, isPercent: true };
  const sizes = Object.hasOwn(SIZES, unit) ? SIZES[unit] : undefined;
  if (sizes === undefined) return { ...plain, suffix: `\u00a0${unit}` };
  const least = LEAST_OF_SIZE[unit] ?? 1;
  const base = sizes.find(([, size]) => size === 1) ?? ['', 1];
  const [name, divisor] =
    largest === 0 ? base : (sizes.find(([, size]) => largest >= size * (size > 1 ? least : 1)) ?? sizes.at(-1) ?? base);
  return { ...plain, divisor, options: { style: 'unit', unit: name, unitDisplay: 'short' } };
}

function precisionOf(shown: number, unit: Unit | undefined): Intl.NumberFormatOptions {
  const size = Math.abs(shown);
  // a price has all of its decimals, and one below a cent its first digits
  if (typeof unit === 'object' && size >= CENT) return Number.isInteger(shown) ? { maximumFractionDigits: 0 } : {};
  if (size > 0 && size < SMALL) return { maximumSignificantDigits: 3 };
  if (typeof unit === 'object') return { maximumFractionDigits: 0 };
  return { maximumFractionDigits: unit === undefined || unit === 'bytes' ? 2 : 1 };
}

/** Returns the number that a chart's values are divided by, so that its ticks are round in the unit that they are written in. */
export function sizeOfUnit(unit: Unit | undefined, largest: number): number {
  return writtenWith(unit, largest).divisor;
}

/** A change as a share of what was before: +12.5%; null where there is nothing to compare, or it was zero. */
export function changeOf(value: number | null, before: number | null): number | null {
  if (value === null || before === null || before === 0) return null;
  return (value - before) / Math.abs(before);
}
