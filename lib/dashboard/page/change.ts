import { element, hidden } from './element.js';
import { formatChange, formatNumber, UNKNOWN } from './format.js';

/**
 * A change against what was before, as a share; where that was zero, as a number. An arrow tells the direction, not a
 * colour: whether more is better, nobody said.
 */
export function changed(relative: number | null, absolute: number | null): HTMLElement {
  if (relative === null && absolute === null) return element('span', { class: 'quiet' }, UNKNOWN, hidden('not known'));
  const sign = Math.sign(relative ?? absolute ?? 0);
  const text = relative === null ? `${sign > 0 ? '+' : ''}${formatNumber(absolute)}` : formatChange(relative);
  const arrow = element('span', { 'aria-hidden': 'true' }, sign > 0 ? '▲ ' : sign < 0 ? '▼ ' : '');
  return element('span', { class: sign > 0 ? 'up' : sign < 0 ? 'down' : 'quiet' }, arrow, text);
}
