import type { Type } from '@nestjs/common';
import type { MetricTarget } from '../catalog/index.js';
import { localeTag } from '../chart/svg/chart.options.js';
import { InvalidArgumentError } from '../errors/argument.error.js';
import { InvalidPeriodError } from '../errors/time.error.js';
import type { AbstractStatistic, CompareWith, DimensionValue, ObjectTarget } from '../statistics/index.js';
import { type LocalDate, type LocalDateText, parseLocalDate } from '../time/local-date.js';
import { checkPeriod, isTimePeriod, Period } from '../time/period.js';
import { type Check, isOptions, oneOf, optional, refusePart, withDefault } from '../validation/check.js';
import { type ChecksOf, group, readCallOptions } from '../validation/options.js';

/** A metric of an object or of a group in a digest, or a metric by another name. */
export interface DigestEntry {
  readonly metric: MetricTarget;
  /** an entity, or `objectRef(Customer, 5)`. @default the total */
  readonly object?: ObjectTarget | undefined;
  /** a custom statistic, with a value of each of its dimensions in `dimensions` */
  readonly entity?: Type<AbstractStatistic> | undefined;
  readonly dimensions?: Readonly<Record<string, DimensionValue>> | undefined;
  /** shown for the metric. @default the metric's name */
  readonly name?: string | undefined;
}

/** Sets what a digest tells of. */
export interface DigestOptions {
  /** metrics in the order in which they are shown, 50 at most */
  metrics: readonly (MetricTarget | DigestEntry)[];
  /**
   * time that the digest tells of, up to the end of `date`: DAY for that day, WEEK for the seven days that end with it,
   * CALENDAR_WEEK for the last whole week, MONTH_TO_DATE for the month so far
   */
  period: Period;
  /** last day that it may tell of. @default yesterday, in the time zone of the module */
  date?: LocalDateText | undefined;
  /** the range that it is compared with. @default the one before: for MONTH_TO_DATE the same dates of the month before */
  with?: CompareWith | undefined;
  /** heading, and beginning of the subject. @default 'Statistics' */
  title?: string | undefined;
  /** address of a page with more, for a link: of the dashboard for example */
  url?: string | undefined;
  /** language of numbers and dates, as a BCP 47 tag. @default 'en' */
  locale?: string | undefined;
}

export interface ResolvedDigest {
  readonly metrics: readonly DigestEntry[];
  readonly period: Period;
  readonly date: LocalDate | undefined;
  readonly with: CompareWith | undefined;
  readonly title: string;
  readonly url: string | undefined;
  readonly locale: string;
}

const CALL = 'DigestService.digest';
/** Gmail cuts messages of more than 102 kB, and nobody reads as many numbers. */
const MOST = 50;

const line: Check<string> = (given, refuse) =>
  typeof given === 'string' && given.trim() !== '' && given === oneLine(given)
    ? given
    : refuse('Expected text of one line, without control characters.');

/**
 * Replaces what a mail program may take for the end of a line: control characters, of which some are, and the separators of
 * lines and paragraphs.
 */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** The metric, the object and the group are read by the calls of StatisticService that take them. */
const entryOptions = group({
  metric: (given) => given as MetricTarget,
  object: (given) => given as ObjectTarget | undefined,
  entity: (given) => given as DigestEntry['entity'],
  dimensions: (given) => given as DigestEntry['dimensions'],
  name: optional(line),
} satisfies ChecksOf<DigestEntry>);

const entry: Check<DigestEntry> = (given, refuse) => {
  if (!isOptions(given) || !Object.hasOwn(given, 'metric')) return { metric: given as MetricTarget };
  return entryOptions(given, refuse);
};

const entries: Check<readonly DigestEntry[]> = (given, refuse) =>
  Array.isArray(given) && given.length > 0 && given.length <= MOST
    ? given.map((one: unknown, place) => entry(one, refusePart(refuse, String(place), one)))
    : refuse(`Expected an array of 1 to ${MOST} metrics, or of { metric, object, entity, dimensions, name }.`);

const period: Check<Period> = (given) => {
  const code = checkPeriod(given);
  if (code !== Period.LIFETIME && !isTimePeriod(code)) return code;
  const expected =
    'Expected a period of days that another comes before, such as Period.CALENDAR_WEEK or Period.MONTH_TO_DATE.';
  throw new InvalidPeriodError(Period.nameOf(code), expected);
};

const webAddress: Check<string> = (given, refuse) =>
  typeof given === 'string' && URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)
    ? given
    : refuse("Expected an address that begins with 'https://' or 'http://'.");

const OPTIONS = {
  metrics: entries,
  period,
  date: optional(parseLocalDate),
  with: optional(oneOf('previous', 'week', 'month', 'quarter', 'year', 'weekdays')),
  title: withDefault(line, 'Statistics'),
  url: optional(webAddress),
  locale: withDefault(localeTag, 'en'),
} satisfies ChecksOf<DigestOptions>;

/** @throws InvalidArgumentError, InvalidPeriodError, InvalidDateError */
export function resolveDigest(given: unknown): ResolvedDigest {
  if (given === undefined) throw new InvalidArgumentError(`${CALL}: options`, given, 'Expected { metrics, period }.');
  return readCallOptions(CALL, given, OPTIONS);
}
