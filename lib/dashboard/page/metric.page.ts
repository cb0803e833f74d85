import type { CatalogMetric, MetricsResponse } from '../../http/resources.js';
import { hrefOf, type Address, type MetricAddress } from './address.js';
import { announce } from './notice.js';
import { get, RequestError } from './api.js';
import { chartView, type ChartView } from './chart.view.js';
import { button } from './controls.js';
import { element, fill } from './element.js';
import { exportRows, toCsv, toJsonLines } from './export.js';
import { figures } from './figures.js';
import { MetricControls } from './metric.controls.js';
import { load, type Shown } from './metric.data.js';
import { chosen, scopesOf, type ChosenScope, type ScopeOption } from './metric.scope.js';
import { notice } from './notice.js';
import type { Page, Surroundings } from './page.js';
import { periodLabel } from './period.js';
import { save } from './save.js';
import { dataTable } from './table.js';

/** One metric: its chart, and what of it is shown. */
export async function metricPage(address: MetricAddress, surroundings: Surroundings): Promise<Page> {
  const metric = await metricOf(address.metric, surroundings.signal);
  const page = new MetricPage(metric, address, surroundings);
  await page.refresh();
  return page;
}

class MetricPage implements Page {
  readonly title: string;
  readonly content: HTMLElement;
  private readonly result = element('div', { class: 'stack' });
  private readonly scopes: readonly ScopeOption[];
  private readonly controls: MetricControls;
  private chart: ChartView | null = null;
  private loading = new AbortController();

  constructor(
    private readonly metric: CatalogMetric,
    private address: MetricAddress,
    private readonly surroundings: Surroundings,
  ) {
    this.title = metric.name;
    this.scopes = scopesOf(metric);
    this.controls = new MetricControls(this.scopes, address, (next) => {
      surroundings.go(next);
    });
    this.content = element(
      'div',
      { class: 'stack' },
      headingOf(metric),
      element('div', { class: 'card' }, this.controls.content),
      this.result,
    );
    surroundings.signal.addEventListener('abort', () => {
      this.loading.abort();
      this.chart?.remove();
    });
  }

  follow(next: Address): boolean {
    if (next.page !== 'metric' || next.metric !== this.address.metric) return false;
    this.address = next;
    void this.refresh().then(() => {
      announce('The chart is up to date.');
    });
    return true;
  }

  recolour(): void {
    this.chart?.recolour();
  }

  /** Shows what the address asks for. */
  async refresh(): Promise<void> {
    this.loading.abort();
    this.loading = new AbortController();
    const { signal } = this.loading;
    const choice = chosen(this.scopes, this.address);
    if (choice === null) {
      fill(this.result, element('p', { class: 'quiet' }, 'This metric has no statistics yet.'));
      this.controls.content.hidden = true;
      return;
    }
    this.controls.show(this.address, choice);
    this.result.setAttribute('aria-busy', 'true');
    try {
      const shown = await load(this.address, choice, signal);
      if (!signal.aborted) this.show(choice, { ...shown, unit: this.metric.unit });
    } catch (error) {
      if (signal.aborted) return;
      this.chart?.remove();
      fill(
        this.result,
        notice(error, () => void this.refresh()),
      );
    }
    this.result.removeAttribute('aria-busy');
  }

  private show(choice: ChosenScope, shown: Shown): void {
    const { address } = this;
    this.chart?.remove();
    this.chart = null;
    if (shown.dates.length === 0 || shown.lines.length === 0) {
      fill(this.result, element('p', { class: 'card quiet' }, 'Nothing is known of these dates.'));
      return;
    }
    const title = `${this.metric.name}, ${periodLabel(choice.period.name).toLowerCase()}`;
    const summary = shown.lines.length === 1 ? figures(shown) : null;
    let body: HTMLElement;
    if (address.as === 'table') {
      body = element('div', { class: 'card flush' }, dataTable(shown, title));
    } else {
      this.chart = chartView(shown, { as: address.as, title, period: choice.period.name }, (from, to) => {
        this.surroundings.go({ ...address, range: 'own', from, to });
      });
      body = this.chart.content;
    }
    fill(this.result, summary, body, this.footer(choice, shown));
  }

  private footer(choice: ChosenScope, shown: Shown): HTMLElement {
    const { coverage } = choice.period;
    const zone = coverage === null ? null : `Days of ${coverage.timeZone}`;
    const facts = [shown.asOf === null ? null : `Computed ${shown.asOf}`, zone].filter((fact) => fact !== null);
    return element(
      'div',
      { class: 'row' },
      button('Export CSV', () => void this.export('csv', choice)),
      button('Export JSON Lines', () => void this.export('jsonl', choice)),
      element('span', { class: 'quiet small' }, facts.join(' · ')),
    );
  }

  private async export(format: 'csv' | 'jsonl', choice: ChosenScope): Promise<void> {
    try {
      const rows = exportRows(this.address, choice, await load(this.address, choice, this.surroundings.signal, true));
      const name = `${this.address.metric.replace(/[^\w.-]+/g, '-')}-${choice.period.name.toLowerCase()}.${format}`;
      if (format === 'csv') save(name, 'text/csv', toCsv(rows));
      else save(name, 'application/jsonl', toJsonLines(rows));
      announce(`${rows.length} rows are saved as ${name}.`);
    } catch (error) {
      if (!this.surroundings.signal.aborted) this.result.append(notice(error));
    }
  }
}

function headingOf({ domain, name, key, description }: CatalogMetric): HTMLElement {
  const search = { page: 'overview', search: domain.name, period: '' } as const;
  return element(
    'div',
    { class: 'heading' },
    element(
      'p',
      { class: 'quiet small' },
      element('a', { href: hrefOf(search) }, domain.name),
      ' · ',
      element('code', {}, key),
    ),
    element('h1', { tabindex: -1 }, name),
    description === null || description === '' ? null : element('p', { class: 'quiet' }, description),
  );
}

async function metricOf(key: string, signal: AbortSignal): Promise<CatalogMetric> {
  const [domain = ''] = key.split('/');
  for (let offset = 0, total = 1; offset < total;) {
    const { data } = await get<MetricsResponse>(['metrics'], { domain, offset }, signal);
    const metric = data.metrics.find((one) => one.key === key);
    if (metric !== undefined) return metric;
    total = data.metrics.length === 0 ? 0 : data.total;
    offset += data.metrics.length;
  }
  throw new RequestError(404, `There is no metric ${key}.`);
}
