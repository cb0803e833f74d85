import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { DashboardApplications, ReaderGuard } from '../dashboard/application.js';
import { violationsOn } from '../dashboard/axe.js';
import { describeInBrowser, eventually, show } from '../dashboard/browser.js';
import { startShop } from './dashboard-shop.js';

/**
 * Every page of the dashboard in every state, at four widths, light and dark, as pictures in `pictures/`, to be looked at
 * one by one. axe checks each of them, and none may be wider than its window: `npm run test:soak -- pictures`.
 */
const FOLDER = 'pictures';
const WIDTHS = [390, 768, 1200, 1440];
const THEMES = ['light', 'dark'] as const;

interface State {
  readonly name: string;
  /** from `?` on, or a path from the root of the application on */
  readonly search: string;
  /** brings the page into its state */
  readonly act?: (page: Page) => Promise<unknown>;
  readonly headers?: Record<string, string>;
  /** true: on paper */
  readonly isPrinted?: boolean;
  /** an answer that is an error, which the page is to show */
  readonly fails?: boolean;
}

const metric = (key: string, rest = ''): string => `?metric=${encodeURIComponent(key)}${rest}`;
const REVENUE = 'sales/revenue';
const BY_CUSTOMER = metric('shopping/customer_orders', '&by=customer');

const STATES: readonly State[] = [
  { name: 'overview', search: '' },
  { name: 'overview-table', search: '?as=table&sort=change&order=desc' },
  { name: 'overview-month', search: '?range=month' },
  { name: 'overview-search', search: '?q=pays+customers' },
  { name: 'overview-none', search: '?q=nothing+like+this' },
  { name: 'overview-all', search: '?range=all' },
  { name: 'overview-today', search: '?range=today&domain=operations' },
  { name: 'overview-24h', search: '?range=24h&domain=operations&as=table' },
  { name: 'overview-favourites', search: '?domain=sales', act: (page) => page.click('.star') },
  { name: 'metric', search: metric(REVENUE) },
  { name: 'metric-month', search: metric('shopping/order_count', '&range=month') },
  { name: 'metric-compared', search: metric(REVENUE, '&compare=previous') },
  { name: 'metric-filters', search: metric(REVENUE, '&compare=year'), act: openFilters },
  { name: 'metric-own-dates', search: metric(REVENUE, '&from=2026-10-05&to=2026-10-20') },
  { name: 'metric-date', search: metric(REVENUE, '&compare=year'), act: (page) => page.focus('.walker') },
  { name: 'metric-annotations', search: metric('sales/sold'), act: walkToNotes },
  { name: 'metric-annotations-table', search: metric('sales/sold', '&as=table') },
  { name: 'metric-annotation-of-an-hour', search: metric('operations/calls', '&range=today') },
  { name: 'metric-alert', search: metric('operations/waiting') },
  { name: 'metric-alert-of-object', search: metric('sales/edits', '&by=editor') },
  { name: 'metric-24h', search: metric('operations/calls', '&range=24h') },
  { name: 'metric-yesterday', search: metric('operations/calls', '&range=yesterday') },
  { name: 'metric-zoomed', search: metric(REVENUE, '&from=2026-10-05&to=2026-10-12&zoom=30d') },
  { name: 'metric-logarithmic', search: metric('operations/attacks', '&axis=log') },
  { name: 'metric-open-quarter', search: metric('operations/audits', '&range=30d') },
  { name: 'metric-table', search: metric(REVENUE, '&compare=year&as=table') },
  { name: 'metric-data', search: metric('shopping/order_count', '&range=7d'), act: (page) => page.click('summary') },
  { name: 'metric-year', search: metric(REVENUE, '&range=12m') },
  { name: 'metric-months', search: metric('shopping/order_count', '&period=CALENDAR_MONTH&range=12m&as=bars') },
  { name: 'metric-percent', search: metric('sales/conversion') },
  { name: 'metric-seconds', search: metric('operations/waiting') },
  { name: 'metric-bytes', search: metric('operations/backup', '&range=90d') },
  { name: 'metric-negative', search: metric('edges/balance', '&range=90d') },
  { name: 'metric-negative-bars', search: metric('edges/balance', '&range=90d&as=bars') },
  { name: 'metric-zeros', search: metric('edges/zeros') },
  { name: 'metric-small', search: metric('edges/small') },
  { name: 'metric-huge', search: metric('edges/huge', '&compare=previous') },
  { name: 'metric-few', search: metric('edges/few') },
  { name: 'metric-unknown-dates', search: metric('edges/old', '&range=30d') },
  { name: 'metric-hostile', search: metric('z/script') },
  { name: 'metric-not-there', search: metric('sales/nothing'), fails: true },
  { name: 'metric-of-failed-tracker', search: metric('sales/returns'), fails: true },
  { name: 'metrics-in-one-chart', search: metric('sales/visits', '&metric=sales%2Fsold') },
  {
    name: 'metrics-of-units',
    search: metric('sales/visits', '&metric=sales%2Frevenue&metric=operations%2Fwaiting&range=90d'),
  },
  { name: 'objects', search: BY_CUSTOMER },
  { name: 'objects-bars', search: `${BY_CUSTOMER}&as=bars&range=90d` },
  { name: 'objects-one-line', search: metric('sales/edits', '&by=editor'), act: onlyFirst },
  { name: 'objects-by-change', search: metric('sales/edits', '&by=editor&sort=change') },
  { name: 'objects-search', search: `${BY_CUSTOMER}&q=ada` },
  { name: 'objects-search-none', search: `${BY_CUSTOMER}&q=nobody` },
  { name: 'objects-date', search: `${BY_CUSTOMER}&compare=previous`, act: (page) => page.focus('.walker') },
  { name: 'object-metric', search: `${BY_CUSTOMER}&object=1` },
  { name: 'object', search: '?object_type=customer&object_id=1' },
  { name: 'object-unknown', search: '?object_type=nothing&object_id=1' },
  { name: 'trackers', search: '?view=trackers' },
  { name: 'tracker', search: '?tracker=OrderTracker' },
  { name: 'tracker-failed', search: '?tracker=returns' },
  { name: 'tracker-late', search: '?tracker=shipments' },
  { name: 'tracker-drift', search: '?tracker=corrected' },
  { name: 'tracker-dialog', search: '?tracker=OrderTracker', act: (page) => press(page, 'Backfill') },
  { name: 'tracker-verified', search: '?tracker=corrected', act: verify },
  { name: 'tracker-not-there', search: '?tracker=nothing', fails: true },
  { name: 'embedded', search: metric(REVENUE, '&view=chart&range=12m') },
  { name: 'no-answer', search: '', act: loseConnection, fails: true },
  { name: 'print-overview', search: '', isPrinted: true },
  { name: 'print-metric', search: BY_CUSTOMER, isPrinted: true },
  { name: 'print-tracker', search: '?tracker=returns', isPrinted: true },
  { name: 'login', search: '/login' },
  { name: 'login-wrong', search: '/login', act: signInWrongly, fails: true },
];

const applications = new DashboardApplications();
afterAll(() => applications.close());

describeInBrowser('pictures of the dashboard', (browser) => {
  let shop: Promise<string> | undefined;
  beforeAll(() => {
    mkdirSync(FOLDER, { recursive: true });
  });

  /** Takes a state at each width and in each theme. */
  const take = async (
    url: string,
    { name, search, act, headers = {}, isPrinted = false, fails = false }: State,
  ): Promise<void> => {
    const address = search.startsWith('/') ? new URL(search, url).href : url + search;
    const problems: unknown[] = [];
    for (const width of WIDTHS) {
      const { page, faults } = await browser.open(address, { width, headers });
      await act?.(page);
      for (const theme of THEMES) {
        await show(page, { theme, width });
        // another medium forgets the theme of the system
        if (isPrinted) await page.select('select.theme', theme);
        await eventually(
          page,
          `document.documentElement.dataset.theme === '${theme}' || location.pathname === '/login'`,
        );
        if (isPrinted) await page.emulateMediaType('print');
        await page.screenshot({
          path: join(FOLDER, `${name}-${width}-${theme}.png`),
          fullPage: true,
        });
        problems.push(...(await violationsOn(page)).map((violation) => [width, theme, violation]));
        const wide = (await page.evaluate('document.documentElement.scrollWidth')) as number;
        if (wide > width) problems.push(`${wide} pixels wide at ${width}`);
      }
      if (!fails) problems.push(...faults);
      if (isPrinted) await page.select('select.theme', 'system'); // pages of one browser share what was chosen
      await page.close();
    }
    expect(problems).toEqual([]);
  };

  it('empty and forbidden', async () => {
    const empty = await applications.start({ isEmpty: true });
    await take(`${empty}/trackstats`, { name: 'empty', search: '' });
    await take(`${empty}/trackstats`, { name: 'empty-trackers', search: '?view=trackers' });
    const guarded = await applications.start({ dashboard: { guards: [ReaderGuard] } });
    const forbid = async (page: Page): Promise<void> => {
      await page.setExtraHTTPHeaders({});
      await page.click('nav a:last-child');
      await page.waitForSelector('[role=alert]');
    };
    await take(`${guarded}/trackstats`, {
      name: 'forbidden',
      search: '',
      headers: { 'x-role': 'reader' },
      act: forbid,
      fails: true,
    });
  });

  it.each(STATES.map((state) => [state.name, state] as const))('%s', async (_, state) => {
    // after the empty application, which would know the shop's derived metric
    await take(await (shop ??= startShop(applications)), state);
  });
});

async function press(page: Page, name: string): Promise<void> {
  await page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
}

/** From October 31 back to October 20. */
async function walkToNotes(page: Page): Promise<void> {
  await page.focus('.walker');
  for (let day = 31; day > 20; day--) await page.keyboard.press('ArrowLeft');
  await page.waitForSelector('.tooltip .notes');
}

async function verify(page: Page): Promise<void> {
  await press(page, 'Verify');
  await page.locator('dialog button.main').click();
  await page.waitForSelector('.data');
}

async function openFilters(page: Page): Promise<void> {
  const fold = await page.$('.fold');
  if (fold !== null && (await fold.isVisible())) await fold.click();
}

async function onlyFirst(page: Page): Promise<void> {
  await page.click('.legend .only');
  await eventually(page, `document.querySelectorAll('.chart .series').length === 1`);
}

async function loseConnection(page: Page): Promise<void> {
  await page.setOfflineMode(true);
  await page.click('.tile a');
  await page.waitForSelector('[role=alert]');
}

async function signInWrongly(page: Page): Promise<void> {
  await page.type('#password', 'wrong');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[role=alert]');
}
