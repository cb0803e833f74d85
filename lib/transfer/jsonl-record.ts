import type { MetricUnit } from '../catalog/index.js';
import type { CoverageKind } from '../coverage/index.js';
import type { LocalDate, LocalDateText } from '../time/local-date.js';

/** The format that the header of a file names. */
export const JSONL_FORMAT = 'nestjs-trackstats';
/** Of the records below: a file of a later one is refused. */
export const JSONL_VERSION = 1;

/** The first line, and one before each further part of files that were put together. */
export interface HeaderRecord {
  readonly record: 'header';
  readonly format: typeof JSONL_FORMAT;
  readonly version: typeof JSONL_VERSION;
  /** of a custom statistic: its table without prefix */
  readonly statistic?: string;
}

export interface MetricRecord {
  readonly record: 'metric';
  /** natural key */
  readonly metric: string;
  readonly domain_name: string;
  readonly name: string;
  readonly description: string | null;
  readonly unit?: MetricUnit;
  readonly better?: 'up' | 'down';
  /** of a metric whose values are levels */
  readonly gauge?: true;
  /** true for a derived metric, of which nothing is stored: an import leaves it out */
  readonly derived?: true;
}

export interface CoverageRecord {
  readonly record: 'coverage';
  readonly metric: string;
  readonly period: string;
  readonly scope: string;
  readonly from: LocalDate;
  readonly through: LocalDate | null;
  readonly time_zone: string;
  readonly kind: CoverageKind;
  readonly fingerprint: string;
  readonly computed_at: string | null;
}

/** A note at a date. */
export interface AnnotationRecord {
  readonly record: 'annotation';
  /** of one with `at` its date in the time zone of the module */
  readonly date: LocalDateText;
  /** the instant at which it happened, in UTC; null for the whole day */
  readonly at: string | null;
  readonly text: string;
  /** the ref of its domain; null for the charts of all domains */
  readonly domain: string | null;
  readonly domain_name?: string;
  readonly key: string | null;
}

/** A line without `record`. */
export interface ValueRecord {
  readonly metric: string;
  readonly period: string;
  readonly date: LocalDate;
  /** of a period of less than a day: the first instant of the bucket, with the offset of the zone */
  readonly start?: string;
  readonly object?: { readonly type: string; readonly id: string };
  readonly dimensions?: Readonly<Record<string, string | number | boolean | null>>;
  /** the exact decimal */
  readonly value: string | null;
}
