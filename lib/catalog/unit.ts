import type { ValueTransformer } from 'typeorm';
import { type Check, isOptions } from '../validation/check.js';

/**
 * The unit in which people read a metric. Values stay as they are, and whatever shows them adds the unit: with
 * `'percent'`, 0.25 is shown as 25 %, with `'bytes'` 1500000 as 1.5 MB. Any other text is shown after the number: `'km'`.
 */
// the intersection keeps the names in an editor's completion, beside any other text
export type MetricUnit = 'percent' | 'bytes' | 'seconds' | { readonly currency: string } | (string & {});

/** The optional fields of a metric. @inline */
export interface MetricDetails {
  /** shown to people, by default the ref */
  name?: string | undefined;
  description?: string | undefined;
  /** unit in which people read its values */
  unit?: MetricUnit | undefined;
  /** the direction of a change for the better, by which a dashboard colours it */
  better?: 'up' | 'down' | undefined;
  /**
   * true if its values are levels, such as a stock or a temperature. Those of different dates do not add up: a range has
   * the latest one
   */
  gauge?: boolean | undefined;
}

const LONGEST_UNIT = 40;
/** The length of the column: a unit, or a currency with its prefix. */
export const UNIT_LENGTH = 50;
const CURRENCY_PREFIX = 'currency:';
/** Control and formatting characters, separators of lines and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Accepts the unit of a metric. */
export const metricUnit: Check<MetricUnit> = (given, refuse) => {
  if (isOptions(given)) {
    if (Object.keys(given).join() !== 'currency') return refuse("Expected one key, the currency: { currency: 'EUR' }.");
    const currency = given['currency'] as string;
    return Intl.supportedValuesOf('currency').includes(currency)
      ? Object.freeze({ currency })
      : refuse("Expected the ISO 4217 code of a currency, as 'EUR'.", { name: 'currency', given: currency });
  }
  const isLabel = typeof given === 'string' && given !== '' && given.trim() === given && !UNPRINTABLE.test(given);
  if (isLabel && Array.from(given).length <= LONGEST_UNIT && !given.startsWith(CURRENCY_PREFIX)) return given;
  return refuse(
    `Expected 'percent', 'bytes', 'seconds', a currency such as { currency: 'EUR' }, or another unit as text of 1 to ` +
      `${LONGEST_UNIT} printable characters, as 'km'.`,
  );
};

/** Returns a unit as it is stored, and as a cell of a table has it: a currency is 'currency:EUR'. */
export function unitText(unit: MetricUnit): string {
  return typeof unit === 'string' ? unit : `${CURRENCY_PREFIX}${unit.currency}`;
}

/** Returns the unit that `unitText` wrote. */
export function unitOfText(text: string): MetricUnit {
  return text.startsWith(CURRENCY_PREFIX) ? Object.freeze({ currency: text.slice(CURRENCY_PREFIX.length) }) : text;
}

/** How TypeORM reads and writes the column. */
export const UNIT_COLUMN: ValueTransformer = {
  from: (text: string | null) => (text === null ? null : unitOfText(text)),
  to: (unit?: MetricUnit | null) => (unit === null || unit === undefined ? unit : unitText(unit)),
};
