import type { DifferenceResource, VerifyResponse } from '../../http/resources.js';
import { element } from './element.js';
import { formatDate, formatNumber, UNKNOWN } from './format.js';
import { periodLabel } from './period.js';

/** The differences that a verification has found, as a table. */
export function differencesTable({ total, differences }: VerifyResponse): HTMLElement {
  const titles = ['Date', 'Period', 'Of', 'Stored', 'Expected'];
  const head = titles.map((title, place) => element('th', { scope: 'col', class: place > 2 ? 'number' : '' }, title));
  const isPart = differences.length < total;
  const caption = isPart ? `The first ${formatNumber(differences.length)} of ${formatNumber(total)}` : 'Differences';
  return element(
    'div',
    { class: 'data', tabindex: 0, role: 'region', 'aria-label': 'Differences' },
    element(
      'table',
      {},
      element('caption', { class: isPart ? '' : 'hidden' }, caption),
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...differences.map(differenceRow)),
    ),
  );
}

function differenceRow({ date, period, object, dimensions, stored, expected }: DifferenceResource): HTMLElement {
  const of =
    object === undefined
      ? Object.values(dimensions ?? {})
          .map(String)
          .join(', ')
      : (object.label ?? object.id);
  return element(
    'tr',
    {},
    element('th', { scope: 'row', class: 'nowrap' }, formatDate(date)),
    element('td', {}, periodLabel(period)),
    element('td', {}, of === '' ? 'Total' : of),
    element('td', { class: 'number' }, decimal(stored)),
    element('td', { class: 'number' }, decimal(expected)),
  );
}

function decimal(value: string | null | undefined): string {
  return value === undefined ? 'no row' : (value ?? UNKNOWN);
}
