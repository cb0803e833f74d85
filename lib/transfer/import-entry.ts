import type { StatisticTable } from '../statistics/index.js';

/** The position of an entry: a line of a file, or an id in a table. */
export interface EntryPlace {
  readonly line: number;
  readonly table?: string;
}

/** The contents of one line of a file, or of one row of a table, before they are checked. */
export type ImportEntry = EntryPlace &
  (
    | { readonly value: GivenValue }
    | { readonly metric: GivenMetric }
    | { readonly coverage: GivenCoverage }
    /** why it cannot be read */
    | { readonly problem: string }
  );

export interface GivenMetric {
  /** natural key */
  readonly key: unknown;
  readonly domainName?: unknown;
  readonly name?: unknown;
  readonly description?: unknown;
}

export interface GivenValue extends GivenMetric {
  readonly table: StatisticTable;
  /** by property: an object's type and id, a custom statistic's dimensions */
  readonly keys: Readonly<Record<string, unknown>>;
  /** name or code */
  readonly period: unknown;
  readonly date: unknown;
  /** a decimal as text, or null */
  readonly value: unknown;
}

export interface GivenCoverage {
  readonly key: unknown;
  readonly period: unknown;
  readonly scope: unknown;
  readonly from: unknown;
  readonly through: unknown;
  readonly timeZone: unknown;
  readonly kind: unknown;
  readonly fingerprint: unknown;
  readonly computedAt: unknown;
}
