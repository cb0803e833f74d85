import type { UnitResource } from '../../http/resources.js';
import { element, hidden } from './element.js';
import { changeOf, formatDate, formatNumber, formatChange, UNKNOWN } from './format.js';
import type { Shown } from './metric.data.js';

/** The numbers above a chart of one line: the last, the highest, the lowest, and the last against the range before. */
export function figures({ dates, lines: [line], before, unit }: Shown): HTMLElement | null {
  if (line === undefined) return null;
  const known = line.values.flatMap((value, place) =>
    value === null || line.complete[place] === false ? [] : [{ value, place, date: dates[place] ?? '' }],
  );
  const last = known.at(-1);
  if (last === undefined) return null;
  const highest = known.reduce((best, one) => (one.value > best.value ? one : best));
  const lowest = known.reduce((best, one) => (one.value < best.value ? one : best));
  const was = before?.lines[0]?.values[last.place] ?? null;
  return element(
    'dl',
    { class: 'figures' },
    figure('Last', last, unit),
    before === null
      ? null
      : element(
          'div',
          {},
          element('dt', {}, 'vs previous period'),
          element('dd', {}, changed(changeOf(last.value, was), was === null ? null : last.value - was, unit)),
        ),
    figure('Highest', highest, unit),
    figure('Lowest', lowest, unit),
  );
}

function figure(
  name: string,
  { value, date }: { value: number; date: string },
  unit: UnitResource | undefined,
): HTMLElement {
  return element(
    'div',
    {},
    element('dt', {}, name),
    element('dd', {}, formatNumber(value, unit), ' ', element('small', {}, formatDate(date))),
  );
}

/**
 * A change against what was before, as a share; where that was zero, as a number. An arrow tells the direction, not a
 * colour: whether more is better, nobody said.
 */
export function changed(relative: number | null, absolute: number | null, unit?: UnitResource): HTMLElement {
  if (relative === null && absolute === null) return element('span', { class: 'quiet' }, UNKNOWN, hidden('not known'));
  const sign = Math.sign(relative ?? absolute ?? 0);
  const text = relative === null ? `${sign > 0 ? '+' : ''}${formatNumber(absolute, unit)}` : formatChange(relative);
  const arrow = element('span', { 'aria-hidden': 'true' }, sign > 0 ? '▲ ' : sign < 0 ? '▼ ' : '');
  return element('span', { class: sign > 0 ? 'up' : sign < 0 ? 'down' : 'quiet' }, arrow, text);
}
