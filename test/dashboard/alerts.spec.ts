import { Injectable } from '@nestjs/common';
import {
  AlertService,
  above,
  below,
  defineMetric,
  objectRef,
  OnStatistic,
  OnTracker,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import type { HTTPRequest, Page } from 'puppeteer-core';
import { alertText, conditionText, valuesText } from '../../lib/dashboard/page/parts/alerts.js';
import type { AlertResource, ObservedResource } from '../../lib/http/resources.js';
import { Customer } from '../module/application.js';
import { CUSTOMER_ORDERS, DashboardApplications, HOSTILE, HOSTILE_METRIC, ORDERS } from './application.js';
import { violationsOn } from './axe.js';
import { describeInBrowser, eventually, PHONE, show, textOf } from './browser.js';

const VISITS = defineMetric({ domain: ORDERS.domain, ref: 'visits', name: 'Visits' });
const STOCK = defineMetric({ domain: ORDERS.domain, ref: 'stock', name: 'Stock' });
const LONG_NAME = `${HOSTILE} ${'W'.repeat(60)} \u202Ereversed`;

@Injectable()
class Visits {
  @Track({ metric: VISITS, period: Period.DAY })
  count(): never {
    throw new Error('no network');
  }
}

@Injectable()
class Alerts {
  @OnStatistic({ metric: ORDERS, when: below(10) })
  fewOrders(): void {}

  @OnStatistic({ metric: CUSTOMER_ORDERS, object: objectRef(Customer, 1), when: below(5), name: LONG_NAME })
  @OnStatistic({ metric: CUSTOMER_ORDERS, object: objectRef(Customer, 2), when: below(5), name: 'second' })
  fewOfCustomer(): void {}

  @OnStatistic({ metric: STOCK, objectType: 'shelf', when: below(5), name: 'empty shelves' })
  emptyShelf(): void {}

  @OnStatistic({ metric: HOSTILE_METRIC, when: above(1000) })
  quiet(): void {}

  @OnTracker({ when: 'failed' })
  failed(): void {}
}

describe('the values of an alert', () => {
  const alert: AlertResource = {
    name: 'a',
    condition: 'c',
    when: 'below',
    status: 'firing',
    since: null,
    kind: 'statistic',
    undelivered: false,
  };
  const seen = (date: string, value: number, before: number | null = null): ObservedResource => {
    return { date, value, before, change: before === null ? null : (value - before) / before };
  };

  it.each([
    [
      seen('2026-10-30', 7, 10),
      seen('2026-10-31', 6),
      'Crossed with 7 (Fri, Oct 30, 2026), before: 10 (-30%). Latest value: 6 (Sat, Oct 31, 2026).',
    ],
    [seen('2026-10-30', 7), seen('2026-10-30', 7), 'Crossed with 7 (Fri, Oct 30, 2026), the latest value.'],
    // a later run has computed another value of the day
    [
      seen('2026-10-30', 7),
      seen('2026-10-30', 8),
      'Crossed with 7 (Fri, Oct 30, 2026). Latest value: 8 (Fri, Oct 30, 2026).',
    ],
    [null, seen('2026-10-30', 7), 'Latest value: 7 (Fri, Oct 30, 2026).'],
    [null, null, ''],
  ])('say which crossed the threshold, and which is the latest', (crossed, observed, said) => {
    expect(valuesText({ ...alert, crossed, observed }, {})).toBe(said);
  });
});

describe('the condition of an alert', () => {
  it.each([
    [{ condition: 'above 3600', when: 'above', threshold: 3600 }, 'seconds', 'above 60 min'],
    [{ condition: 'below 1e+21', when: 'below', threshold: 1e21 }, undefined, 'below 1E21'],
    [{ condition: 'below -1234.5', when: 'below', threshold: -1234.5 }, { currency: 'EUR' }, 'below -€1,234.50'],
    [
      { condition: 'down by 30 % or more from the value before', when: 'changed', threshold: 0.3 },
      'seconds',
      'down by 30 % or more from the value before',
    ],
    [{ condition: 'failed', when: 'failed' }, undefined, 'failed'],
  ] as const)('%j in %j is %s', (alert, unit, text) => {
    expect(conditionText(alert, unit)).toBe(text);
  });
});

describe('the badge of alerts', () => {
  const BELOW = { condition: 'below 10', when: 'below', threshold: 10 } as const;

  it.each([
    [[BELOW], 'Alert: below 10'],
    [
      [{ condition: 'changed by 1 % or more from a week earlier', when: 'changed', threshold: 0.01 }],
      'Alert: changed by 1 %',
    ],
    [[{ condition: 'failed', when: 'failed' }], 'Alert: failed'],
    [[BELOW, BELOW], '2 alerts'],
  ] as const)('of %j is %s', (alerts, text) => {
    expect(alertText(alerts)).toBe(text);
  });
});

const alertsIn = (asked: readonly string[]): number => asked.filter((path) => path.endsWith('/api/alerts')).length;

/** The paths that a page asks for from now on. */
function askedOn(page: Page): string[] {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  return asked;
}

describeInBrowser('alerts on the dashboard', (browser) => {
  const applications = new DashboardApplications();
  let url: string;
  beforeAll(async () => {
    url = `${await applications.start({ trackers: [Visits, Alerts], trackstats: { scheduling: false } })}/trackstats`;
    const { app } = applications.last;
    await expect(app.get(TrackerService).run('Visits.count')).rejects.toThrow('no network');
    const shelves = [1, 2, 3, 4, 5, 6].map((n) => objectRef('shelf', n));
    await app
      .get(StatisticService)
      .recordMany(shelves.map((object, place) => ({ metric: STOCK, object, value: place, date: '2026-10-30' })));
    await app.get(AlertService).evaluate();
  });
  afterAll(() => applications.close());

  const pictures = process.env['TRACKSTATS_PICTURES'];
  const expectFits = async (page: Page, name: string, rules = true): Promise<void> => {
    for (const theme of ['light', 'dark'] as const) {
      for (const width of [PHONE, 768, 1200, 1440]) {
        await show(page, { theme, width });
        await eventually(page, `document.documentElement.dataset.theme === '${theme}' && innerWidth === ${width}`);
        // a chart follows the width of its place a moment later
        await eventually(page, `document.documentElement.scrollWidth === ${width}`);
        if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}-${theme}-${width}.png` });
      }
      if (rules) expect(await violationsOn(page)).toEqual([]);
    }
  };

  it('mark the metrics whose alerts are firing, as tiles and in the table, and are counted above', async () => {
    const { page, faults } = await browser.open(url);
    await page.waitForSelector('.tile .badge.alert');
    const marks = (within: string): Promise<string[]> =>
      page.$$eval(`${within} .badge.alert`, (all) => all.map(({ textContent }) => textContent ?? ''));
    expect((await marks('.tile')).sort()).toEqual(['2 alerts', '5 alerts', 'Alert: below 10']);
    expect(await textOf(page, 'nav a:first-child')).toBe('Metrics8 alerts');
    expect(await textOf(page, 'nav a:last-child')).toBe('Trackers1 need attention');
    await expectFits(page, 'tiles');
    await page.goto(`${url}?as=table`);
    await page.waitForSelector('.metrics .badge.alert');
    expect((await marks('.metrics')).sort()).toEqual(['2 alerts', '5 alerts', 'Alert: below 10']);
    await expectFits(page, 'table', false);
    expect(faults).toEqual([]);
  });

  it('lead to what they watch, with their name, time, condition and latest value', async () => {
    const { page, faults } = await browser.open(url);
    await page.waitForSelector('.tile .badge.alert');
    await page.evaluate(
      `[...document.querySelectorAll('.tile .badge.alert')].find((a) => a.textContent === '2 alerts').click()`,
    );
    await page.waitForSelector('.alerts');
    expect(new URL(page.url()).search).toMatch(/by=customer&object=1/);
    await browser.ready(page);
    const said = (): Promise<string[]> =>
      page.$$eval('.alerts > div', (all) => all.map(({ textContent }) => (textContent ?? '').replace(/\s+/g, ' ')));
    const [first, ...others] = await said();
    expect(others).toEqual([]); // the other alert is of another object
    expect(first).toContain(`Alert ${LONG_NAME} has been firing since Oct 31, 2026, `);
    expect(first).toMatch(
      / \(.*\)\.Condition: below 5\. Crossed with \d \(Fri, Oct 30, 2026\), the latest value\. Watched: Day, Ada Lovelace$/,
    );
    expect(await page.$$('.alerts img')).toEqual([]);
    await expectFits(page, 'metric-of-object');
    await page.goto(`${url}?metric=shopping%2Fcustomer_orders&by=customer`);
    await page.waitForSelector('.alerts');
    expect((await said())[1]).toMatch(/^Alert second has been firing/);
    await expectFits(page, 'metric');
    expect(faults).toEqual([]);
  });

  it('of each object of a type are a few, and the others in a list that opens', async () => {
    const { page, faults } = await browser.open(`${url}?metric=shopping%2Fstock&by=shelf`);
    await page.waitForSelector('.alerts details');
    const said = (): Promise<string[]> =>
      page.$$eval('.alerts a', (all) => all.filter((one) => one.checkVisibility()).map((one) => one.textContent ?? ''));
    expect(await said()).toHaveLength(3);
    expect(await textOf(page, '.alerts summary')).toBe('2 more');
    await page.click('.alerts summary');
    expect((await said()).sort()).toEqual(
      ['Ada Lovelace', HOSTILE, 'javascript:alert(4)', 'shelf 4', 'shelf 5'].map((name) => `Day, ${name}`).sort(),
    );
    await expectFits(page, 'metric-of-type');
    expect(faults).toEqual([]);
  });

  it('are said of the trackers that they watch', async () => {
    const { page, faults } = await browser.open(`${url}?view=trackers`);
    await page.waitForSelector('.trackers .badge.alert');
    const rows = await page.$$eval('.trackers tbody tr', (all) => all.map(({ textContent }) => textContent ?? ''));
    expect(rows[0]).toMatch(/^Visits\.count.*Alert: failed Alerts\.failed, since /);
    expect(rows.filter((text) => text.includes('Alert'))).toHaveLength(1);
    await expectFits(page, 'trackers');
    expect(faults).toEqual([]);
  });

  it('are asked for once, and again each minute, and nothing waits for them', async () => {
    const { page } = await browser.openWithClock(url);
    const asked = askedOn(page);
    const held: HTTPRequest[] = [];
    await page.setRequestInterception(true);
    page.on('request', (request) => {
      if (request.url().endsWith('/api/alerts')) held.push(request);
      else void request.continue();
    });
    await page.goto(url);
    await browser.ready(page);
    expect(await page.$$('.tile')).toHaveLength(4);
    expect(await page.$$('.badge.alert')).toEqual([]);
    expect([held.length, alertsIn(asked)]).toEqual([1, 1]);
    await held[0]?.continue();
    await page.waitForSelector('.tile .badge.alert');
    await page.evaluate('passMinute()');
    while (held.length < 2) await page.waitForRequest((request) => request.url().endsWith('/api/alerts'));
    await held[1]?.respond({ status: 500, contentType: 'application/json', body: '{}' });
    expect(await page.$$('.tile .badge.alert')).toHaveLength(3);
    expect(alertsIn(asked)).toBe(2);
  });

  it('are neither shown nor asked for again where there are none', async () => {
    const none = `${await applications.start()}/trackstats`;
    const { page, faults } = await browser.openWithClock(none);
    const asked = askedOn(page);
    await page.goto(none);
    await browser.ready(page);
    await page.evaluate('passMinute()');
    await page.click('nav a:last-child');
    await page.waitForSelector('.trackers');
    await page.click('nav a:first-child');
    await page.waitForSelector('.tile');
    expect(alertsIn(asked)).toBe(1);
    expect(await page.$$('.badge')).toEqual([]);
    await page.goto(`${none}?metric=shopping%2Forder_count&view=chart`);
    await browser.ready(page);
    expect(alertsIn(asked)).toBe(1);
    expect(faults).toEqual([]);
  });
});
