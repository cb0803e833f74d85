import { addDays, defineDomain, defineMetric, StatisticService } from 'nestjs-trackstats';
import { loadavg } from 'node:os';
import { DashboardApplications } from '../dashboard/application.js';
import { describeInBrowser, eventually, textOf, type TestBrowser } from '../dashboard/browser.js';
import { tell } from './figures.js';

const TODAY = '2026-10-31';
const METRICS = 500;
/** Three years. */
const DAYS = 1095;
const OBJECTS = 100_000;
/** Of each of these dates every object has a value. */
const DATES = [TODAY, addDays(TODAY, -1), addDays(TODAY, -40)];
const ROUNDS = 5;

const LARGE = defineDomain({ ref: 'large' });
const metricOf = (number: number) => defineMetric({ domain: LARGE, ref: `m${number}` });
const OF_OBJECTS = defineMetric({ domain: LARGE, ref: 'of_objects', name: 'By device' });
const valueOf = (id: number): number => (id % 1000) + 1;

const applications = new DashboardApplications();
afterAll(() => applications.close());

/** Notes when a page first shows what the test waits for. As text: it runs in the browser. */
const watchFor = (selector: string): string => `new MutationObserver(() => {
  if (window.shownAt === undefined && document.querySelector(${JSON.stringify(selector)}) !== null) window.shownAt = performance.now();
}).observe(document, { subtree: true, childList: true });`;

describeInBrowser('a large dashboard', (browser) => {
  let url: string;
  beforeAll(async () => {
    url = `${await applications.start()}/trackstats`;
    const statistics = applications.last.app.get(StatisticService);
    for (let number = 0; number < METRICS; number++) {
      const days = Array.from({ length: DAYS }, (_, day) => day);
      await statistics.recordMany(
        days.map((day) => ({
          metric: metricOf(number),
          date: addDays(TODAY, -day),
          value: (day * (number + 7)) % 101,
        })),
      );
    }
    const ids = Array.from({ length: OBJECTS }, (_, place) => place + 1);
    for (const date of DATES) {
      for (let first = 0; first < OBJECTS; first += 10_000) {
        const some = ids.slice(first, first + 10_000);
        await statistics.recordMany(
          some.map((id) => ({
            metric: OF_OBJECTS,
            date,
            value: valueOf(id),
            object: { type: 'device', id: String(id) },
          })),
        );
      }
    }
  });

  it.each([
    ['a metric over 30 days', '?metric=large%2Fm3&range=30d', '.chart svg'],
    ['a metric, the range chosen for it', '?metric=large%2Fm3', '.chart svg'],
    ['a metric over three years', '?metric=large%2Fm3&range=all', '.chart svg'],
    ['all metrics over 30 days', '?range=30d', '.tile .sparkline'],
    ['all metrics over 12 months', '?range=12m', '.tile .sparkline'],
    ['all metrics over all of their dates', '?range=all', '.tile .sparkline'],
    ['objects as lines', '?metric=large%2Fof_objects&by=device&range=90d', '.chart svg'],
    ['objects as bars, with the others', '?metric=large%2Fof_objects&by=device&range=90d&as=bars', '.chart svg'],
    ['the ranking of the objects', '?metric=large%2Fof_objects&by=device&range=90d', '.ranking tbody tr'],
    ['one object', '?metric=large%2Fof_objects&by=device&object=4711&range=90d', '.chart svg'],
  ])('shows %s', async (title, search, selector) => {
    const times: number[] = [];
    const processor: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = process.cpuUsage();
      times.push(await millisecondsUntil(browser, url + search, selector));
      const { user, system } = process.cpuUsage(before);
      processor.push((user + system) / 1_000);
    }
    const load = (loadavg()[0] ?? 0).toFixed(1);
    const sorted = (all: readonly number[]): number[] => all.map(Math.round).sort((a, b) => a - b);
    // the application runs in this process, and the browser does not
    tell(title, { ms: sorted(times), serverMs: sorted(processor), load });
  });

  it('adds up, searches and pages a hundred thousand objects', async () => {
    const { page, faults } = await browser.open(`${url}?metric=large%2Fof_objects&by=device&range=90d&as=bars`);
    await page.waitForSelector('.ranking tfoot');
    // a hundred of each value from 1 to 1,000, on three dates
    const total = (OBJECTS / 1000) * 500_500 * DATES.length;
    const totals = new Intl.NumberFormat('en').format(total);
    expect(await textOf(page, '.ranking tfoot')).toContain(totals);
    expect(await textOf(page, 'nav[aria-label="Pages of the ranking"]')).toContain('1 – 20 of 100,000');
    expect(await page.$$('.chart .series-others')).toHaveLength(1);
    await page.focus('.walker');
    const others = new Intl.NumberFormat('en').format(total / DATES.length - 5 * 1000);
    expect(await textOf(page, '.tooltip tr:last-child')).toBe(`Others${others}`);
    await page.goto(`${url}?metric=large%2Fof_objects&by=device&range=90d&place=4999`);
    await page.waitForSelector('.ranking tbody tr');
    await eventually(page, `document.querySelector('.ranking tbody td').textContent.replace(',', '') === '99981'`);
    await page.type('input[aria-label="Search the ranking"]', '999');
    await eventually(page, `document.querySelector('.ranking tbody a')?.textContent.includes('999')`);
    expect(faults).toEqual([]);
  });
});

/** From the end of the page's script, as it has arrived, to the first time that the page shows something. */
async function millisecondsUntil(browser: TestBrowser, url: string, selector: string): Promise<number> {
  const { page, faults } = await browser.openAtOnce(url, { script: watchFor(selector) });
  await page.waitForFunction('window.shownAt !== undefined', { timeout: 60_000 });
  const duration = (await page.evaluate(
    `window.shownAt - performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/app.js')).responseEnd`,
  )) as number;
  expect(faults).toEqual([]);
  await page.close();
  return duration;
}
