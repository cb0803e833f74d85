import type { AlertResource, MetricResource, ObservedResource, UnitResource } from '../../../http/resources.js';
import type { MetricAddress } from '../address.js';
import { formatChange, formatNumber } from './format.js';
import { pointLabel } from './period.js';

/** The alerts that are firing. */
export function firing(alerts: readonly AlertResource[]): AlertResource[] {
  return alerts.filter(({ status }) => status === 'firing');
}

/** The alerts that are firing for a metric, whatever period or object of it they watch. */
export function firingOfMetric(alerts: readonly AlertResource[], key: string): AlertResource[] {
  return firing(alerts).filter(({ metric }) => metric === key);
}

/** The alerts that are firing for a tracker. */
export function firingOfTracker(alerts: readonly AlertResource[], name: string): AlertResource[] {
  return firing(alerts).filter(({ tracker }) => tracker === name);
}

/** The part of a metric's address that shows what an alert watches. */
export function watchedPart({ period, object }: AlertResource): Partial<MetricAddress> {
  return {
    ...(period !== undefined && { period }),
    ...(object !== undefined && { by: object.type, object: object.id }),
  };
}

type Conditional = Pick<AlertResource, 'condition' | 'when' | 'threshold'>;

/** @example 'Alert: below 10', 'Alert: down by 30 %', '2 alerts' */
export function alertText(alerts: readonly Conditional[], unit?: UnitResource): string {
  const [first] = alerts;
  if (first === undefined || alerts.length > 1) return `${alerts.length} alerts`;
  // what a change is one from is as long as a tile, and is said on the page of the metric
  return `Alert: ${conditionText(first, unit).replace(/(?<=%) or more from .*$/, '')}`;
}

/** The condition of an alert, with its threshold as values are written: 'above 1 hr', and not 'above 3600'. */
export function conditionText({ condition, when, threshold }: Conditional, unit?: UnitResource): string {
  const isValue = (when === 'below' || when === 'above') && threshold !== undefined;
  return isValue ? `${when} ${formatNumber(threshold, unit)}` : condition;
}

/**
 * Says which value crossed the threshold, and the latest one.
 *
 * @example 'Crossed with 7 (Sat, Oct 31, 2026), before: 10 (-30%). Latest value: 6 (Sun, Nov 1, 2026).'
 */
export function valuesText(
  { crossed, observed, period = 'DAY' }: AlertResource,
  { unit }: Pick<MetricResource, 'unit'>,
): string {
  const textOf = ({ date, start, value, before, change }: ObservedResource): string => {
    const earlier = before === null ? '' : `, before: ${formatNumber(before, unit)} (${formatChange(change)})`;
    return `${formatNumber(value, unit)} (${pointLabel(start ?? date, period)})${earlier}`;
  };
  const latest = observed == null ? null : textOf(observed);
  if (crossed == null) return latest === null ? '' : `Latest value: ${latest}.`;
  const first = textOf(crossed);
  if (latest === null || latest === first) return `Crossed with ${first}, the latest value.`;
  return `Crossed with ${first}. Latest value: ${latest}.`;
}
