import type { RunResource, TrackerResource } from '../../http/resources.js';
import { element } from './element.js';
import { formatDates, formatDuration, formatInstant, formatRelative, UNKNOWN } from './format.js';

/** How a tracker is, in the words that its list and its page share. */

export function schedule({ schedule: set }: TrackerResource): string {
  if (set === null) return 'When asked to';
  if (set.every !== undefined) return `Every ${formatDuration(set.every)}`;
  return `${set.cron ?? ''} (${set.timeZone})`;
}

/** An instant against now, with the instant itself where the pointer rests. */
export function when(instant: string | null, now: string): HTMLElement | string {
  if (instant === null) return UNKNOWN;
  return element('time', { datetime: instant, title: formatInstant(instant) }, formatRelative(instant, now));
}

export function status(run: RunResource | null, isRunning: boolean): HTMLElement {
  const text = isRunning ? 'running' : (run?.status ?? 'never run');
  return element(
    'span',
    { class: `status ${text.replace(' ', '-')}` },
    `${text.charAt(0).toUpperCase()}${text.slice(1)}`,
  );
}

export function lag({ lagMs }: TrackerResource): string {
  return lagMs === null ? UNKNOWN : formatDuration(lagMs);
}

export function covered(range: { from: string; through: string } | null): string {
  return range === null ? UNKNOWN : formatDates(range.from, range.through);
}

export function took({ startedAt, finishedAt }: RunResource): string {
  return finishedAt === null ? UNKNOWN : formatDuration(Date.parse(finishedAt) - Date.parse(startedAt));
}
