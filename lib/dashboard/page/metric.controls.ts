import { TOP_LIMIT, type MetricAddress, type Range, type View } from './address.js';
import { checkbox, choices, field, input, selection, type Choice as Option } from './controls.js';
import { element, fill } from './element.js';
import { canCompare } from './metric.data.js';
import type { ChosenScope, ScopeOption } from './metric.scope.js';
import { periodLabel } from './period.js';

const RANGES: readonly Option[] = [
  { value: '30d', label: '30 days' },
  { value: '90d', label: '90 days' },
  { value: '1y', label: '1 year' },
  { value: 'all', label: 'All' },
];
const VIEWS: readonly Option[] = [
  { value: 'lines', label: 'Lines' },
  { value: 'bars', label: 'Bars' },
  { value: 'table', label: 'Table' },
];

/** How much of a date typed by hand has to be there before it is taken: not the year 2 on the way to 2026. */
const EARLIEST = '1900-01-01';

/** The controls of a metric's page. They stay while the content changes, and so does the focus. */
export class MetricControls {
  readonly content: HTMLElement;
  private address: MetricAddress;
  private readonly period: HTMLSelectElement;
  private readonly by: HTMLSelectElement;
  private readonly top: HTMLInputElement;
  private readonly topField: HTMLElement;
  private readonly from: HTMLInputElement;
  private readonly to: HTMLInputElement;
  private readonly ranges: HTMLElement;
  private readonly views: HTMLElement;
  private readonly compare: HTMLElement;

  constructor(
    private readonly scopes: readonly ScopeOption[],
    address: MetricAddress,
    changed: (address: MetricAddress) => void,
  ) {
    this.address = address;
    const change = (part: Partial<MetricAddress>): void => {
      changed({ ...this.address, ...part });
    };
    this.period = selection([], '', (period) => {
      change({ period });
    });
    this.by = selection(
      scopes.map(({ by, label }) => ({ value: by, label })),
      '',
      (by) => {
        change({ by: by === '' ? null : by });
      },
    );
    this.top = input({ type: 'number', min: 1, max: TOP_LIMIT, required: true }, (text) => {
      if (this.top.validity.valid) change({ top: Number(text) });
    });
    this.ranges = choices('Range', RANGES, '', (range) => {
      change({ range: range as Range, from: null, to: null });
    });
    const dated = (): void => {
      const [from, to] = [this.from.value, this.to.value];
      if ((from !== '' && from < EARLIEST) || (to !== '' && to < EARLIEST) || (from === '' && to === '')) return;
      change({ range: 'own', from: from === '' ? null : from, to: to === '' ? null : to });
    };
    this.from = input({ type: 'date' }, dated);
    this.to = input({ type: 'date' }, dated);
    this.views = choices('Show as', VIEWS, '', (as) => {
      change({ as: as as View });
    });
    this.compare = checkbox('Compare with the range before', false, (compares) => {
      change({ compares });
    });
    this.topField = field('Top', this.top);
    this.content = element(
      'div',
      { class: 'controls', role: 'group', 'aria-label': 'What is shown' },
      field('Period', this.period),
      field('By', this.by),
      this.topField,
      this.ranges,
      field('From', this.from),
      field('To', this.to),
      this.views,
      this.compare,
    );
  }

  /** Shows what is chosen. */
  show(address: MetricAddress, { scope, period }: ChosenScope): void {
    this.address = address;
    const names = scope.periods.map(({ name }) => name);
    fill(
      this.period,
      ...names.map((value) => element('option', { value, selected: value === period.name }, periodLabel(value))),
    );
    this.by.value = scope.by;
    this.topField.hidden = scope.by === '';
    if (this.scopes.length < 2) this.by.parentElement?.setAttribute('hidden', '');
    this.top.value = String(address.top);
    this.from.value = address.from ?? '';
    this.to.value = address.to ?? '';
    check(this.ranges, address.range);
    check(this.views, address.as);
    const box = this.compare.querySelector('input');
    this.compare.hidden = !canCompare(address, scope);
    if (box !== null) box.checked = address.compares;
  }
}

function check(group: HTMLElement, value: string): void {
  for (const radio of group.querySelectorAll('input')) radio.checked = radio.value === value;
}
