import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  MetricService,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Page } from 'puppeteer-core';
import { DataSource } from 'typeorm';
import { OrdersByRegion } from '../http/application.js';
import { Customer, NOW, Order } from '../module/application.js';
import { DashboardApplications, HOSTILE } from './application.js';
import { violationsOn } from './axe.js';
import { DESKTOP, describeInBrowser, eventually, PHONE, show, textOf } from './browser.js';

const DOMAIN = defineDomain({ ref: 'views', name: 'Views' });

@Track({
  name: 'live',
  metric: defineMetric({ domain: DOMAIN, ref: 'live', name: 'Live orders', description: 'Everything that was bought' }),
  source: Order,
  dateField: 'createdAt',
  period: Period.DAY,
})
class LiveOrders extends CountObjectsByDateTracker {}

@Track({
  name: 'drifting',
  metric: defineMetric({ domain: DOMAIN, ref: 'drifting', name: 'Recorded orders' }),
  source: Order,
  dateField: 'createdAt',
  period: [Period.DAY, Period.LIFETIME],
})
class RecordedOrders extends CountObjectsByDateTracker {}

const applications = new DashboardApplications();
afterAll(() => applications.close());

const ORDERS = '?metric=shopping%2Forder_count';
const BY_CUSTOMER = '?metric=shopping%2Fcustomer_orders&by=customer';

const textsOf = (page: Page, selector: string): Promise<string[]> =>
  page.$$eval(selector, (all) => all.map((one) => (one.textContent ?? '').trim()));
const search = (page: Page): string => new URL(page.url()).search;

describeInBrowser('the views of the dashboard', (browser) => {
  let url: string;
  beforeAll(async () => {
    const dashboard = {
      public: true,
      actionGuards: [{ canActivate: () => true }],
      signInUrl: '/login',
      signOutUrl: '/logout?now',
      frameAncestors: ['self'],
      limits: { live: 2 },
    };
    const imports = [TypeOrmModule.forFeature([OrdersByRegion])];
    url = `${await applications.start({ dashboard, trackers: [LiveOrders, RecordedOrders], imports })}/trackstats`;
    await applications.last.app.get(TrackerService).run(LiveOrders);
    const large = defineMetric({ domain: DOMAIN, ref: 'large', name: 'Large', unit: 'bytes', better: 'down' });
    await applications.last.app
      .get(StatisticService)
      .recordMany([1, 2, 3].map((n) => ({ metric: large, value: n * 1_000_000, date: `2026-10-2${n}` })));
    const mixed = defineDomain({ ref: 'mixed' });
    const regions = defineMetric({ domain: mixed, ref: 'regions', name: 'Regions' });
    for (const [country, value] of [
      ['DE', 5],
      ['NL', 7],
    ] as const) {
      const dimensions = { country, province: null, floor: 0 };
      await applications.last.app
        .get(StatisticService)
        .record({ metric: regions, entity: OrdersByRegion, dimensions, value });
    }
    const both = defineMetric({ domain: mixed, ref: 'both' });
    await applications.last.app.get(StatisticService).recordMany([
      { metric: both, value: 5, date: '2026-10-20' },
      { metric: both, value: 3, date: '2026-10-20', object: { type: 'author', id: '1' } },
    ]);
  });

  /** In both themes and widths. */
  const expectAccessible = async (page: Page): Promise<void> => {
    for (const width of [DESKTOP, PHONE]) {
      for (const theme of ['light', 'dark'] as const) {
        await show(page, { theme, width });
        await eventually(page, `document.documentElement.dataset.theme === '${theme}' && innerWidth === ${width}`);
        expect([theme, width, await violationsOn(page)]).toEqual([theme, width, []]);
        expect([width, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([width, width]);
      }
    }
  };

  it('rank objects with their share, and find them by name', async () => {
    const { page, faults } = await browser.open(`${url}${BY_CUSTOMER}&range=30d`);
    await page.waitForSelector('.ranking');
    const rows = (await page.evaluate(`[...document.querySelectorAll('.ranking tbody tr')].map((row) =>
      [...row.cells].map((cell) => cell.textContent))`)) as string[][];
    // of n % 5 + 1 orders a day the first is Ada's, the second of the next customer, and so on: the same in each 30 days
    expect(rows).toEqual([
      ['1', 'Ada Lovelace', '42', '42', '0%', '46.7%'],
      ['2', HOSTILE, '30', '30', '0%', '33.3%'],
      ['3', 'javascript:alert(4)', '18', '18', '0%', '20%'],
    ]);
    expect(await textsOf(page, '.ranking tfoot td')).toEqual(['', '90', '90', '0%', '100%']);
    await page.type('input[aria-label="Search the ranking"]', 'ada');
    await eventually(page, `document.querySelectorAll('.ranking tbody tr').length === 1`);
    expect(search(page)).toBe('?metric=shopping%2Fcustomer_orders&range=30d&by=customer&q=ada');
    expect(faults).toEqual([]);
    await expectAccessible(page);
  });

  it('turn the pages of a long ranking, and add up the others', async () => {
    const dataSource = applications.last.app.get(DataSource);
    const names = Array.from({ length: 30 }, (_, n) => ({ name: `late ${n}` }));
    const customers = await dataSource.getRepository(Customer).save(names);
    await dataSource.getRepository(Order).save(customers.map((customer) => ({ createdAt: NOW, customer })));
    await applications.last.app.get(TrackerService).run('CustomerTracker');
    const { page, faults } = await browser.open(`${url}${BY_CUSTOMER}&range=30d`);
    await page.waitForSelector('.ranking');
    expect((await textsOf(page, '.ranking tbody tr')).at(-1)).toMatch(/^13 others13/);
    // on Oct 31 each of the 30 has an order, and two of the first five: the bar is as high as all 31 are
    await page.click('input[value=bars]');
    await eventually(page, `document.querySelectorAll('.chart .series-others').length === 1`);
    expect((await textsOf(page, '.legend .label')).at(-1)).toBe('Others');
    await page.focus('.walker');
    expect(await textsOf(page, '.tooltip tr:last-child td')).toEqual(['Others', '28']);
    await page.click('.legend li:last-child .line-switch');
    await eventually(page, `document.querySelectorAll('.chart .series-others').length === 0`);
    await page.locator('::-p-aria([name="Next"][role="button"])').click();
    await eventually(page, `document.querySelectorAll('.ranking tbody tr').length === 14`);
    expect(search(page)).toContain('place=1');
    expect((await textsOf(page, '.ranking tbody tr'))[0]).toMatch(/^21/);
    await page.goBack();
    await eventually(page, `document.querySelectorAll('.ranking tbody tr').length === 21`);
    expect(faults).toEqual([]);
  });

  it('have a page for one object, with every metric of it', async () => {
    const { page, faults } = await browser.open(`${url}${BY_CUSTOMER}&range=30d`);
    await page.waitForSelector('.ranking');
    await page.click('.ranking tbody a');
    await eventually(page, `document.querySelector('h1')?.textContent === 'Ada Lovelace: Orders by customer'`);
    expect(search(page)).toBe('?metric=shopping%2Fcustomer_orders&range=30d&by=customer&object=1');
    expect(await textOf(page, '.headline')).toMatch(/^Total42/);
    await page.locator('::-p-text(All metrics of Ada Lovelace)').click();
    await eventually(page, `document.querySelector('h1')?.textContent === 'Ada Lovelace'`);
    expect(search(page)).toBe('?object_type=customer&object_id=1&range=30d');
    expect(await textsOf(page, '.tile h3')).toEqual(['Orders by customer']);
    expect(await textOf(page, '.tile .big')).toMatch(/^42/);
    await page.reload();
    await browser.ready(page);
    await expectAccessible(page);
    expect(faults).toEqual([]);
  });

  it('lead from a row to its object or its group, wherever it is pressed', async () => {
    const { page, faults } = await browser.open(`${url}${BY_CUSTOMER}&range=30d`);
    await page.waitForSelector('.ranking');
    await page.click('.ranking tbody tr:first-child td:last-child');
    await eventually(page, `document.querySelector('h1')?.textContent === 'Ada Lovelace: Orders by customer'`);
    await page.goto(`${url}?metric=mixed%2Fregions&by=statistic%3Aorders_by_region&range=7d`);
    await page.waitForSelector('.ranking');
    expect(await textsOf(page, '.ranking tbody th')).toEqual([
      'country NL, province –, floor 0',
      'country DE, province –, floor 0',
    ]);
    await page.click('.ranking tbody tr:last-child td:first-child');
    await eventually(page, `document.querySelector('h1')?.textContent === 'country DE, province –, floor 0: Regions'`);
    expect(new URL(page.url()).searchParams.get('object')).toBe('{"country":"DE","province":null,"floor":0}');
    expect(await textOf(page, '.headline')).toMatch(/^Total5/);
    await expectAccessible(page);
    await page.locator('::-p-text(All by country, province, floor)').click();
    await page.waitForSelector('.ranking');
    expect(search(page)).toBe('?metric=mixed%2Fregions&range=7d&by=statistic%3Aorders_by_region');
    expect(faults).toEqual([]);
  });

  it('of a total have its parts below it, which lead to all of them', async () => {
    const { page, faults } = await browser.open(`${url}?metric=mixed%2Fboth&range=30d`);
    await page.waitForSelector('.breakdown table');
    expect(await textsOf(page, '.breakdown h2')).toEqual(['By author']);
    expect(await textsOf(page, '.breakdown tbody tr > *')).toEqual(['Ada Lovelace', '3', '100%']);
    await expectAccessible(page);
    await page.click('.breakdown h2 a');
    await page.waitForSelector('.ranking');
    expect(search(page)).toBe('?metric=mixed%2Fboth&range=30d&by=author');
    expect(faults).toEqual([]);
  });

  it('fold their filters on a phone', async () => {
    const { page, faults } = await browser.open(`${url}${ORDERS}&range=30d&compare=previous`, { width: PHONE });
    const isShown = (selector: string): Promise<boolean> => page.$eval(selector, (one) => one.checkVisibility());
    expect(await textOf(page, '.fold')).toBe('Filters1 changed');
    expect([await isShown('select.range'), await isShown('select.compare')]).toEqual([true, false]);
    await page.click('.fold');
    expect(await isShown('select.compare')).toBe(true);
    await expectAccessible(page);
    expect(await isShown('.fold')).toBe(true);
    await show(page, { theme: 'light', width: DESKTOP });
    expect(await isShown('.fold')).toBe(false);
    expect(faults).toEqual([]);
  });

  it('say beside their heading whether the trackers are well', async () => {
    const { page } = await browser.open(url);
    expect(await textOf(page, 'main a.status')).toBe('4 trackers: none failed, none is late');
    await page.click('main a.status');
    await eventually(page, `document.querySelector('h1').textContent.startsWith('Trackers')`);
    expect(await textOf(page, 'main p')).toBe('4 trackers. None failed, none is late.');
  });

  it.each(['?view=trackers', '?tracker=OrderTracker'])('ask for the trackers once: %s', async (address) => {
    const { page } = await browser.open(url);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(url + address);
    await browser.ready(page);
    expect(asked.filter((path) => path.endsWith('/api/trackers'))).toHaveLength(1);
  });

  it('keep what they say of a date within a phone, and print without controls', async () => {
    const { page } = await browser.open(`${url}${BY_CUSTOMER}&range=30d&compare=previous`, { width: PHONE });
    await page.focus('.walker');
    for (const key of ['End', 'Home', 'PageDown']) {
      await page.keyboard.press(key as 'End');
      const inside = `(() => {
        const [box, chart] = ['.tooltip', '.chart'].map((one) => document.querySelector(one).getBoundingClientRect());
        return box.left >= chart.left - 1 && box.right <= chart.right + 1;
      })()`;
      expect([key, await page.evaluate(inside)]).toEqual([key, true]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE);
    }
    await page.emulateMediaType('print');
    const printed = await page.$$eval(
      'header, .controls, button:not(.line-switch, .sort), input, .chart svg, .ranking, h1',
      (all) => all.filter((one) => one.checkVisibility()).map((one) => one.tagName),
    );
    expect([...new Set(printed)].sort()).toEqual(['H1', 'TABLE', 'svg']);
    const ground = await page.evaluate(`getComputedStyle(document.body).backgroundColor`);
    expect(ground).toBe('rgb(255, 255, 255)');
  });

  it('keep their range in the navigation', async () => {
    const hrefs = async (address: string): Promise<(string | null)[]> => {
      const { page } = await browser.open(url + address);
      return page.$$eval('nav[aria-label=Pages] a:first-child, .heading p a:first-child', (all) =>
        all.map((one) => one.getAttribute('href')),
      );
    };
    expect(await hrefs(`${ORDERS}&range=7d`)).toEqual(['?range=7d', '?domain=shopping&range=7d']);
    expect(await hrefs('?object_type=customer&object_id=1&range=90d')).toEqual(['?range=90d', '?range=90d']);
    expect(await hrefs('?range=12m')).toEqual(['?range=12m']);
    expect(await hrefs(ORDERS)).toEqual(['?', '?domain=shopping']);
    const dates = 'from=2026-10-20&to=2026-10-22';
    const { page } = await browser.open(`${url}${BY_CUSTOMER}&object=1&${dates}`);
    const total = await textOf(page, '.headline dd span');
    await page.locator('::-p-text(All metrics of Ada Lovelace)').click();
    await eventually(page, `document.querySelector('.tile .big') !== null`);
    expect(search(page)).toBe(`?object_type=customer&object_id=1&${dates}`);
    expect(await textOf(page, '.tile .big span')).toBe(total);
    expect(await textOf(page, 'select.range option:checked')).toBe('Oct 20 – 22, 2026');
  });

  it('ask for a ranking once they know of what', async () => {
    const { page, faults } = await browser.open(`${url}?metric=mixed%2Fboth&range=30d`);
    await page.select('select:has([value=author])', 'author');
    await page.waitForSelector('.ranking');
    expect(faults).toEqual([]);
  });

  it('show the whole of each choice of the header on a phone', async () => {
    const { page } = await browser.open(url, { width: PHONE });
    const cut = await page.evaluate(`[...document.querySelectorAll('.top > select')].filter((one) => {
      const width = one.clientWidth;
      one.style.width = 'auto';
      return one.clientWidth > width;
    }).map((one) => one.className)`);
    expect(cut).toEqual([]);
  });

  it('break the names of trackers between their words only', async () => {
    const { page } = await browser.open(`${url}?view=trackers`);
    for (const width of [PHONE, 768]) {
      await show(page, { theme: 'light', width });
      const broken = await page.evaluate(`(() => {
        const texts = document.createTreeWalker(document.querySelector('.trackers'), NodeFilter.SHOW_TEXT);
        const found = [];
        while (texts.nextNode()) {
          const text = texts.currentNode;
          if (!text.parentElement.closest('th[scope=row]')) continue;
          const range = document.createRange();
          range.selectNodeContents(text);
          if (/^[\\w/]+$/.test(text.data) && range.getClientRects().length > 1) found.push(text.data);
        }
        return found;
      })()`);
      expect([width, broken]).toEqual([width, []]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
  });

  it('hide lines by the legend, show one only, and keep that in the address', async () => {
    const { page, faults } = await browser.open(`${url}${BY_CUSTOMER}&range=30d`);
    const lines = (): Promise<number> => page.$$eval('.chart .series', (all) => all.length);
    expect(await lines()).toBe(5);
    await page.click('.legend li:nth-child(1) .line-switch');
    await eventually(page, `document.querySelectorAll('.chart .series').length === 4`);
    expect(search(page)).toContain('hide=1');
    await page.hover('.legend li:nth-child(2)');
    await page.click('.legend li:nth-child(2) .only');
    await eventually(page, `document.querySelectorAll('.chart .series').length === 1`);
    expect(await page.$$('.chart .series-2')).not.toHaveLength(0); // it keeps its colour
    await page.reload();
    await browser.ready(page);
    expect(await lines()).toBe(1);
    await page.locator('::-p-text(Show all)').click();
    await eventually(page, `document.querySelectorAll('.chart .series').length === 5`);
    expect(faults).toEqual([]);
  });

  it('draw several metrics, below one another where their units differ', async () => {
    const { page, faults } = await browser.open(`${url}${ORDERS}&range=30d`);
    await page.waitForSelector('select.add');
    await page.select('select.add', 'views/live');
    await eventually(page, `document.querySelectorAll('.chart .series').length === 2`);
    expect(await page.$$('.chart')).toHaveLength(1);
    expect(search(page)).toBe(`${ORDERS}&metric=views%2Flive&range=30d`);
    await page.focus('.walker');
    expect(await textOf(page, '.tooltip')).toMatch(/Number of orders\d+.*Live orders\d+/);
    await page.select('select.add', 'views/large');
    await eventually(page, `document.querySelectorAll('.chart').length === 3`);
    const titles = await textsOf(page, '.figures.lines dt');
    expect(titles).toEqual(['Number of orders', 'Live orders', 'Large']);
    expect((await textsOf(page, '.figures.lines dd')).at(-1)).toMatch(/^6 MB.*Total/);
    await expectAccessible(page);
    await page.locator('::-p-aria([name="Remove Large"])').click();
    await eventually(page, `document.querySelectorAll('.chart').length === 1`);
    expect(faults).toEqual([]);
  });

  it('colour a change only where a metric says which way is better', async () => {
    const { page } = await browser.open(`${url}?metric=views%2Flarge&from=2026-10-22&to=2026-10-22&compare=previous`);
    expect(await textOf(page, '.headline')).toMatch(/^Total2 MB/);
    expect(await page.$$('.figures .change.bad')).toHaveLength(1);
    const { page: orders } = await browser.open(`${url}${ORDERS}&range=7d&compare=previous`);
    expect(await orders.$$('.figures .change.bad, .figures .change.good')).toHaveLength(0);
  });

  it('show the latest level of a range, its tile too, and no sum or share of levels', async () => {
    const stock = defineMetric({ domain: defineDomain({ ref: 'levels' }), ref: 'stock', name: 'Stock', gauge: true });
    const shelves = { 1: [40, 30], 2: [10, 20] };
    await applications.last.app.get(StatisticService).recordMany([
      ...[70, 60, 50].map((value, day) => ({ metric: stock, value, date: `2026-10-2${day + 1}` })),
      ...Object.entries(shelves).flatMap(([id, values]) =>
        values.map((value, day) => ({
          metric: stock,
          value,
          date: `2026-10-2${day}`,
          object: { type: 'shelf', id },
        })),
      ),
    ]);
    const { page, faults } = await browser.open(`${url}?metric=levels%2Fstock&range=30d`);
    expect(await textOf(page, '.headline')).toMatch(/^Latest50Fri, Oct 23, 2026/);
    await eventually(page, `document.querySelectorAll('.breakdown tbody tr').length === 2`);
    expect(await textsOf(page, '.breakdown tbody tr')).toEqual(['Ada Lovelace30', `${HOSTILE}20`]);
    await page.goto(`${url}?metric=levels%2Fstock&range=30d&by=shelf&as=bars`);
    await page.waitForSelector('.ranking');
    expect(await textsOf(page, '.ranking tbody tr')).toEqual(['1Ada Lovelace30', `2${HOSTILE}20`]);
    expect(await page.$$('.ranking tfoot, .ranking .share, .chart .series-others')).toHaveLength(0);
    await page.goto(`${url}?domain=levels&range=30d`);
    await eventually(page, `document.querySelector('.tile .big') !== null`);
    expect(await textOf(page, '.tile .big')).toMatch(/^50/);
    expect(await textOf(page, '.tile')).toMatch(/Oct 23, 2026/);
    expect(faults).toEqual([]);
    await applications.last.app.get(MetricService).remove(stock, { statistics: true });
  });

  it('count the open dates now, where a tracker can', async () => {
    const { page, faults } = await browser.open(`${url}?metric=views%2Flive&range=7d`);
    const total = async (): Promise<number> => Number(await textOf(page, '.headline dd span'));
    const before = await total();
    await applications.last.app.get(DataSource).getRepository(Order).save({ createdAt: NOW });
    await page.locator('::-p-aria([name="Live"][role="checkbox"])').click();
    await eventually(page, `Number(document.querySelector('.headline dd span').textContent) > ${before}`);
    expect(search(page)).toBe('?metric=views%2Flive&range=7d&live=true');
    expect(faults).toEqual([]);
    const { page: recorded } = await browser.open(`${url}?metric=views%2Flarge&range=30d`);
    expect(await recorded.$$('.check')).toHaveLength(0);
  });

  it('sort, search in descriptions, and keep favourites', async () => {
    const { page, faults } = await browser.open(`${url}?as=table&range=30d`);
    await page.locator('::-p-aria([name="Value"][role="button"])').click();
    await eventually(page, `document.querySelector('th[aria-sort=descending]') !== null`);
    expect(search(page)).toBe('?range=30d&as=table&sort=value&order=desc');
    await page.goto(`${url}?q=${encodeURIComponent('everything bought')}`);
    await browser.ready(page);
    expect(await textsOf(page, '.tile h3')).toEqual(['Live orders']);
    await page.click('.star');
    await page.goto(url);
    await browser.ready(page);
    expect((await textsOf(page, 'h2'))[0]).toMatch(/^Favourites/);
    await page.click('.star[aria-pressed=true]');
    expect((await textsOf(page, 'h2'))[0]).not.toMatch(/^Favourites/);
    await page.click('.domains a[href*="views"]');
    await eventually(page, `document.querySelectorAll('.tile').length === 2`);
    expect(search(page)).toBe('?domain=views');
    expect(faults).toEqual([]);
  });

  it('offer only periods that exist', async () => {
    const { page } = await browser.open(url);
    const periods = await page.$$eval('select:has([value=LIFETIME]) option', (all) =>
      all.map((one) => (one as unknown as { value: string }).value),
    );
    expect(periods).toEqual(['', 'DAY', 'CALENDAR_MONTH', 'WEEK', 'LIFETIME']);
  });

  it('show one chart in a frame of the application', async () => {
    const { page, faults } = await browser.open(`${url}${ORDERS}&range=30d&view=chart`);
    expect(await page.$$('header, .controls, button')).toHaveLength(0);
    expect(await textOf(page, '.headline')).toMatch(/^Total/);
    await expectAccessible(page);
    expect(faults).toEqual([]);
    // a page of the application beside the dashboard shows it in a frame
    const { page: own } = await browser.open(url);
    await own.goto(new URL('/a/page/of/the/application', url).href);
    await own.setContent(`<iframe title="Orders" src="${url}${ORDERS}&view=chart"></iframe>`);
    const frame = await own.waitForFrame((one) => one.url().includes('view=chart'));
    await frame.waitForSelector('.chart svg');
  });

  it('lead to the login of the application', async () => {
    const { page } = await browser.open(url);
    const links = await page.$$eval('.top > a', (all) => all.map((one) => [one.textContent, one.getAttribute('href')]));
    expect(links.slice(1)).toEqual([
      ['Sign in', '/login'],
      ['Sign out', '/logout?now'],
    ]);
  });

  it('ask again each minute while they are visible, without a flicker', async () => {
    const opened = await browser.openWithClock(`${url}${ORDERS}&range=7d`);
    const total = Number(await textOf(opened.page, '.headline dd span'));
    await applications.last.app.get(DataSource).getRepository(Order).save({ createdAt: NOW });
    await applications.last.app.get(TrackerService).run('OrderTracker');
    await opened.page.evaluate(`window.busy = 0; new MutationObserver((all) => {
      window.busy += all.filter(({ target }) => target.getAttribute?.('aria-busy') === 'true').length;
    }).observe(document.body, { subtree: true, attributes: true, childList: true })`);
    await opened.page.evaluate('passMinute()');
    await eventually(opened.page, `Number(document.querySelector('.headline dd span').textContent) > ${total}`);
    expect(await opened.page.evaluate('window.busy')).toBe(0);
    expect(opened.faults).toEqual([]);
  });

  it('say of a tracker that closed dates differ from the source', async () => {
    const { app } = applications.last;
    await app.get(TrackerService).run(RecordedOrders);
    const { page, faults } = await browser.open(`${url}?view=trackers`);
    expect(await textsOf(page, 'td .small')).not.toContain('Closed dates differ from the source');
    await app
      .get(DataSource)
      .getRepository(Order)
      .save({ createdAt: new Date('2026-10-20T12:00:00Z') });
    await app.get(TrackerService).run(RecordedOrders);
    await page.reload();
    await browser.ready(page);
    expect(await textsOf(page, 'td .small')).toContain('Closed dates differ from the source');
    await page.goto(`${url}?view=tracker&tracker=drifting`);
    await browser.ready(page);
    expect(await textsOf(page, 'section:has(caption) tbody tr:first-child > *')).toEqual(
      expect.arrayContaining(['views/drifting', 'Total', '1']),
    );
    await expectAccessible(page);
    expect(faults).toEqual([]);
  });

  it('say when a metric was computed, and when its tracker runs next', async () => {
    // a schedule runs by the real time
    const hourly = `${await applications.start({ trackstats: { clock: () => new Date() } })}/trackstats`;
    const { page, faults } = await browser.open(`${hourly}${BY_CUSTOMER}&range=all`);
    const words = '.heading p:has(time)';
    await page.waitForSelector(words);
    expect(await textOf(page, words)).toMatch(/^Computed (now|\d+ s ago), next run (in .+|due .+)$/);
    // a tracker without a schedule has no next run
    await page.goto(`${hourly}${ORDERS}&range=all`);
    await page.waitForSelector(words);
    expect(await textOf(page, words)).toMatch(/^Computed (now|\d+ s ago)$/);
    await expectAccessible(page);
    expect(faults).toEqual([]);
  });
});
