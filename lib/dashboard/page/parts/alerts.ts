import type { AlertResource } from '../../../http/resources.js';
import type { MetricAddress } from '../address.js';

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

/** @example 'Alert: below 10', '2 alerts' */
export function alertText(alerts: readonly AlertResource[]): string {
  const [first] = alerts;
  return first !== undefined && alerts.length === 1 ? `Alert: ${first.condition}` : `${alerts.length} alerts`;
}
