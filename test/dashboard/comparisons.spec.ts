import { addDays } from 'nestjs-trackstats';
import type { Page } from 'puppeteer-core';
import { DashboardApplications } from './application.js';
import { violationsOn } from './axe.js';
import { describeInBrowser, eventually, PHONE, show, textOf } from './browser.js';

const TODAY = '2026-10-31';
const ORDERS = '?metric=shopping%2Forder_count';
const BY_CUSTOMER = '?metric=shopping%2Fcustomer_orders&by=customer';
/** On the nth day before today there are n % 5 + 1 orders, since a hundred days. */
const ordersOf = (from: string, to: string): number => {
  let count = 0;
  for (let date = from; date <= to; date = addDays(date, 1)) {
    count += (((Date.parse(TODAY) - Date.parse(date)) / 86_400_000) % 5) + 1;
  }
  return count;
};
const plain = (text: string): string => text.replace(/\s/g, ' ');
const cellsOf = (page: Page): Promise<string[][]> =>
  page.$$eval('.ranking :is(tbody, tfoot) tr', (rows) =>
    rows.map((row) => [...row.querySelectorAll('th, td:not(.place)')].map((cell) => cell.textContent ?? '')),
  );

const applications = new DashboardApplications();
afterAll(() => applications.close());

describeInBrowser('comparisons', (browser) => {
  let url: string;
  beforeAll(async () => {
    url = `${await applications.start({ dashboard: { public: true } })}/trackstats`;
  });

  it('of a month to date are with the month before, without being asked for', async () => {
    const { page, faults } = await browser.open(`${url}${ORDERS}&range=month`);
    const [now, was] = [ordersOf('2026-10-01', TODAY), ordersOf('2026-09-01', '2026-09-30')];
    expect(await textOf(page, '.headline dd span')).toBe(String(now));
    const figure = plain(await textOf(page, '.figures div:nth-child(2)'));
    expect(figure).toMatch(/^vs a month before/);
    expect(figure).toContain(`${was}, Sep 1 – 30, 2026, the range is not over`);
    expect(figure).toContain('Today is the last day of the month: it is compared with the whole month before.');
    // what nobody asked for has no line of its own
    expect(await page.$$('.chart .before, .broken-line')).toHaveLength(0);
    const { page: last } = await browser.open(`${url}${ORDERS}&range=last-month`);
    expect(await textOf(last, '.figures')).not.toContain('Today');
    expect(await textOf(last, '.headline dd span')).toBe(String(was));
    const august = `${ordersOf('2026-08-01', '2026-08-31')}, Aug 1 – 31, 2026`;
    expect(plain(await textOf(last, '.figures div:nth-child(2)'))).toMatch(new RegExp(`${august}$`));
    expect(faults).toEqual([]);
  });

  it('can be others, or none', async () => {
    const { page } = await browser.open(`${url}${ORDERS}&range=month`);
    await page.select('select.compare', 'previous');
    await eventually(page, `document.querySelector('.figures').textContent.includes('vs the range before')`);
    await eventually(page, `document.querySelectorAll('.chart .before').length > 0`);
    // the key of that line, beside the dates that it has
    expect(await page.$$('.figures div:nth-child(2) dt .broken-line')).toHaveLength(1);
    await page.select('select.compare', 'none');
    await eventually(page, `!document.querySelector('.figures').textContent.includes('vs ')`);
    expect(new URL(page.url()).search).toBe(`${ORDERS}&range=month&compare=none`);
  });

  it('say why there is no change', async () => {
    const { page } = await browser.open(`${url}${ORDERS}&range=year`);
    const figure = plain(await textOf(page, '.figures div:nth-child(2)'));
    expect(figure).toContain('Jan 1 – Oct 31, 2025, the earlier range is not fully known');
    const { page: tiles } = await browser.open(`${url}?range=year`);
    const tile = '.tile:has([href*="order_count"])';
    expect(await textOf(tiles, tile)).toContain('the earlier range is not fully known');
    expect(await tiles.$$(`${tile} .change`)).toHaveLength(0);
    const { page: all } = await browser.open(`${url}?range=all`);
    expect(await textOf(all, tile)).not.toContain('known');
    const { page: sorted } = await browser.open(`${url}?range=all&sort=change`);
    expect(await textOf(sorted, '.compared')).toMatch(/\. No change is known to sort by\.$/);
  });

  it('of all metrics are said once', async () => {
    const { page, faults } = await browser.open(`${url}?range=month`);
    expect(plain(await textOf(page, '.compared'))).toBe(
      'Oct 1 – 31, 2026, compared with Sep 1 – 30, 2026. Today is the last day of the month: it is compared with the whole month before.',
    );
    const title = await page.$eval('.tile:has([href*="order_count"]) .big [title^=vs]', (one) =>
      one.getAttribute('title'),
    );
    expect(plain(title ?? '')).toBe(
      `vs Sep 1 – 30, 2026 (${ordersOf('2026-09-01', '2026-09-30')}): the range is not over`,
    );
    expect(faults).toEqual([]);
  });

  it('draw the way to a day that is not over as a dashed line in a tile', async () => {
    const { page } = await browser.open(`${url}?range=7d`);
    const pathOf = (name: string): Promise<string | null> =>
      page.$eval(`.tile:has([href*="order_count"]) .sparkline .${name}`, (path) => path.getAttribute('d'));
    expect((await pathOf('line'))?.match(/[ML]/g)).toHaveLength(6);
    expect((await pathOf('open'))?.match(/[ML]/g)).toHaveLength(2);
  });

  it('of a ranking are columns, by which it can be sorted, on a phone too', async () => {
    const { page, faults } = await browser.open(`${url}${BY_CUSTOMER}&range=month`);
    await page.waitForSelector('.ranking');
    expect(plain(await textOf(page, '.ranking thead'))).toBe('#NameValue ↓BeforeChangeShare');
    const rows = await cellsOf(page);
    const sum = (place: number): number =>
      rows.slice(0, -1).reduce((total, cells) => total + Number(cells[place]?.replace(/[^\d-]/g, '')), 0);
    const all = rows.at(-1)!;
    expect(all[0]).toBe('All');
    expect([sum(1), sum(2)]).toEqual([Number(all[1]), Number(all[2])]);
    expect([Number(all[1]), Number(all[2])]).toEqual([
      ordersOf('2026-10-01', TODAY),
      ordersOf('2026-09-01', '2026-09-30'),
    ]);
    await show(page, { theme: 'dark', width: PHONE });
    await page.click('.ranking thead th:nth-child(5) button');
    await eventually(page, `location.search.includes('sort=change')`);
    await eventually(page, `document.querySelector('.ranking [aria-sort=descending]').textContent.includes('Change')`);
    await browser.ready(page);
    const changes = (await cellsOf(page)).slice(0, -1).map(([, value, before]) => Number(value) - Number(before));
    expect(changes).toEqual([...changes].sort((a, b) => b - a));
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE);
    expect(await violationsOn(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('of a ranking over dates that are not known are left out, with the reason', async () => {
    const { page } = await browser.open(`${url}${BY_CUSTOMER}&range=year`);
    await page.waitForSelector('.ranking');
    expect(plain(await textOf(page, '.ranking thead'))).toBe('#NameValue ↓Share');
    expect(plain(await textOf(page, 'main'))).toContain(
      'Not compared with Jan 1 – Oct 31, 2025: not all of these dates are known.',
    );
  });
});
