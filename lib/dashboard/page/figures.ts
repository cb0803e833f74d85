import { changed } from './change.js';
import { element } from './element.js';
import { changeOf, formatDate, formatNumber } from './format.js';
import type { Shown } from './metric.data.js';

/** The numbers above a chart of one line: the last, the highest, the lowest, and the last against the range before. */
export function figures({ dates, lines: [line], before }: Shown): HTMLElement | null {
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
    figure('Last', last),
    before === null
      ? null
      : element(
          'div',
          {},
          element('dt', {}, 'Against the range before'),
          element('dd', {}, changed(changeOf(last.value, was), was === null ? null : last.value - was)),
        ),
    figure('Highest', highest),
    figure('Lowest', lowest),
  );
}

function figure(name: string, { value, date }: { value: number; date: string }): HTMLElement {
  return element(
    'div',
    {},
    element('dt', {}, name),
    element('dd', {}, formatNumber(value), ' ', element('small', {}, formatDate(date))),
  );
}
