import type { UnitResource } from '../../http/resources.js';
import { changed } from './figures.js';
import { button } from './controls.js';
import { element } from './element.js';
import { changeOf, formatDate, formatNumber } from './format.js';
import type { Shown } from './metric.data.js';

/** How many rows are made at a time: ten years of days would be more than anyone scrolls through. */
const BATCH = 366;

/** Shows the data of a chart as a table, the latest date first. */
export function dataTable(shown: Shown, caption: string): HTMLElement {
  const { dates, lines, before } = shown;
  const isOne = lines.length === 1;
  const titles = [
    'Date',
    ...(before === null ? [] : ['Date before']),
    ...lines.flatMap(({ label }) => [
      label,
      ...(before === null ? [] : [isOne ? 'Before' : `${label}, before`, 'Change']),
    ]),
  ];
  const head = titles.map((title) =>
    element('th', { scope: 'col', class: title === 'Date' || title === 'Date before' ? '' : 'number' }, title),
  );
  const body = element('tbody');
  let next = dates.length;
  const more = button('Show earlier dates', () => {
    addRows();
  });
  const addRows = (): void => {
    const first = Math.max(0, next - BATCH);
    for (let place = next - 1; place >= first; place--) body.append(rowOf(shown, place));
    next = first;
    more.hidden = next === 0;
  };
  addRows();
  const table = element(
    'table',
    {},
    element('caption', { class: 'hidden' }, caption),
    element('thead', {}, element('tr', {}, ...head)),
    body,
  );
  return element('div', { class: 'data', role: 'region', 'aria-label': caption, tabindex: 0 }, table, more);
}

function rowOf({ dates, lines, before, unit }: Shown, place: number): HTMLElement {
  const date = dates[place] ?? '';
  const earlier = before?.dates[place];
  const isOpen = lines.some(({ complete }) => complete[place] === false);
  return element(
    'tr',
    {},
    element(
      'th',
      { scope: 'row', class: 'nowrap' },
      element('time', { datetime: date }, formatDate(date)),
      isOpen && element('span', { class: 'quiet small' }, ' so far'),
    ),
    before !== null && element('td', { class: 'nowrap quiet' }, earlier === undefined ? '' : formatDate(earlier)),
    ...lines.flatMap(({ values }, line) => {
      const value = values[place] ?? null;
      const own = element('td', { class: 'number' }, formatNumber(value, unit));
      return before === null ? [own] : [own, ...comparison(value, before.lines[line]?.values[place] ?? null, unit)];
    }),
  );
}

function comparison(value: number | null, was: number | null, unit: UnitResource | undefined): HTMLElement[] {
  const absolute = value === null || was === null ? null : value - was;
  return [
    element('td', { class: 'number' }, formatNumber(was, unit)),
    element('td', { class: 'number' }, changed(changeOf(value, was), absolute, unit)),
  ];
}
