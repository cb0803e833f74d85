import { changed } from './figures.js';
import { COLOURS } from './chart.js';
import { element, fill } from './element.js';
import { changeOf, formatDate, formatNumber, formatWeekday } from './format.js';
import type { Shown } from './metric.data.js';

/** The legend of a chart, with the values at one of its dates. */
export class Reading {
  readonly content = element('div', { class: 'reading' });

  constructor(
    private readonly shown: Shown,
    private readonly period: string,
  ) {}

  /** Shows the values at a date, by its place. */
  show(place: number): void {
    const { lines, before } = this.shown;
    const earlier = before?.dates[place];
    fill(
      this.content,
      element(
        'p',
        {},
        element('strong', {}, this.dateAt(place)),
        element('span', { class: 'quiet' }, this.stateAt(place)),
        earlier !== undefined && element('span', { class: 'quiet' }, ` against ${formatDate(earlier)} (broken line)`),
      ),
      element(
        'ul',
        { class: `legend ${lines.length === 1 ? 'pair' : before === null ? '' : 'compared'}` },
        ...lines.map((_, line) => this.item(line, place)),
      ),
    );
  }

  /** The same in a sentence. */
  say(place: number): string {
    const { lines, before, unit } = this.shown;
    const spoken = (value: number | null): string => (value === null ? 'not known' : formatNumber(value, unit));
    const values = lines.map(({ label, values: own }, line) => {
      const was = before === null ? '' : `, before ${spoken(before.lines[line]?.values[place] ?? null)}`;
      return `${label} ${spoken(own[place] ?? null)}${was}`;
    });
    return `${this.dateAt(place)}${this.stateAt(place)}: ${values.join('; ')}`;
  }

  private item(line: number, place: number): HTMLElement {
    const { lines, before, unit } = this.shown;
    const { label = '', values = [] } = lines[line] ?? {};
    const value = values[place] ?? null;
    const was = before?.lines[line]?.values[place] ?? null;
    const change = changed(changeOf(value, was), value === null || was === null ? null : value - was, unit);
    return element(
      'li',
      {},
      element('span', { class: `swatch series-${(line % COLOURS) + 1}`, 'aria-hidden': 'true' }),
      element('span', { class: 'label', title: label }, label),
      element('span', { class: 'amount' }, formatNumber(value, unit)),
      before !== null && element('span', { class: 'quiet' }, `before ${formatNumber(was, unit)}`),
      before !== null && was !== null && change,
    );
  }

  private dateAt(place: number): string {
    const date = this.shown.dates[place];
    if (date === undefined) return '';
    return this.period === 'DAY' ? `${formatWeekday(date)}, ${formatDate(date)}` : formatDate(date);
  }

  private stateAt(place: number): string {
    return this.shown.lines.some(({ complete }) => complete[place] === false) ? ' so far' : '';
  }
}
