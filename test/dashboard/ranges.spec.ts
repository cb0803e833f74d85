import {
  addDays,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  objectRef,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import type { KeyInput, Page } from 'puppeteer-core';
import { Customer, NOW, Order } from '../module/application.js';
import { answerAt, DashboardApplications } from './application.js';
import { violationsOn } from './axe.js';
import { describeInBrowser, eventually, show, textOf } from './browser.js';

const DOMAIN = defineDomain({ ref: 'range', name: 'Ranges' });
const metric = (ref: string) => defineMetric({ domain: DOMAIN, ref, name: ref });
const TODAY = '2026-10-31';
const HUGE = 123_456_789_012.34;

@Track({ name: 'broken', metric: metric('broken'), source: Order, dateField: 'createdAt', period: Period.DAY })
class Broken extends CountObjectsByDateTracker<Order> {
  override source(): typeof Order {
    throw new Error('The orders cannot be read.');
  }
}

const applications = new DashboardApplications();
afterAll(() => applications.close());

const ORDERS = '?metric=shopping%2Forder_count';
/** On the nth day before today there are n % 5 + 1 orders. */
const ordersOf = (from: string, to: string): number => {
  let count = 0;
  for (let date = from, n; date <= to; date = addDays(date, 1)) {
    n = (Date.parse(TODAY) - Date.parse(date)) / 86_400_000;
    count += (n % 5) + 1;
  }
  return count;
};

const textsOf = (page: Page, selector: string): Promise<(string | null)[]> =>
  page.$$eval(selector, (all) => all.map((one) => one.textContent));
const pathsOf = (page: Page, selector: string): Promise<string> =>
  page.$$eval(selector, (all) => all.map((one) => one.getAttribute('d')).join(''));

describeInBrowser('a metric over a range', (browser) => {
  let url: string;
  beforeAll(async () => {
    const dashboard = { public: true, actionGuards: [{ canActivate: () => true }] };
    url = `${await applications.start({ dashboard, trackers: [Broken], prepare: answerAt(NOW) })}/trackstats`;
    const { app } = applications.last;
    const statistics = app.get(StatisticService);
    const days = Array.from({ length: 30 }, (_, day) => addDays(TODAY, -day));
    await statistics.recordMany(days.map((date) => ({ metric: metric('zeros'), value: 0, date })));
    await statistics.recordMany(
      days.map((date, day) => ({ metric: metric('small'), value: ((day % 4) + 1) / 500, date })),
    );
    await statistics.recordMany(days.map((date, day) => ({ metric: metric('huge'), value: HUGE + day, date })));
    await statistics.recordMany(
      days.map((date, day) => ({ metric: metric('wide'), value: day % 7 === 6 ? 0 : 10 ** (day % 6), date })),
    );
    const few = [0, 1, 2, 3, 4, 5].map((day) => ({
      metric: metric('few'),
      value: 100 + day,
      date: addDays(TODAY, -day),
    }));
    await statistics.recordMany(few);
    const hours = Array.from({ length: 60 }, (_, ago) => new Date(Date.parse(`${TODAY}T12:00:00Z`) - ago * 3_600_000));
    for (const at of hours)
      await statistics.increment({
        metric: metric('hours'),
        period: Period.HOUR,
        by: at.getUTCHours(),
        at,
      });
    const customer = objectRef(Customer, 1);
    await statistics.record({ metric: metric('hours'), object: customer, value: 7, date: addDays(TODAY, -1) });
    await statistics.record({ metric: metric('old'), value: 5, date: '2026-01-01' });
    for (const [date, value] of [
      ['2026-04-01', 3],
      ['2026-07-01', 4],
      ['2026-10-01', 5],
    ] as const) {
      await statistics.record({ metric: metric('quarters'), period: Period.CALENDAR_QUARTER, value, date });
    }
    await app
      .get(TrackerService)
      .run(Broken)
      .catch(() => undefined);
  });

  it('draws zeros as a line on an axis', async () => {
    const { page, faults } = await browser.open(`${url}?metric=range%2Fzeros&range=30d`);
    expect((await pathsOf(page, '.chart .line')).match(/[ML]/g)).toHaveLength(31);
    expect(await textsOf(page, '.tick.value')).toEqual(['0', '1']);
    expect(await page.$$('.tick.date')).not.toHaveLength(0);
    expect(await textOf(page, '.headline')).toMatch(/^Total0/);
    expect(faults).toEqual([]);
  });

  it('says that nothing is known, beside an axis with its dates', async () => {
    const { page, faults } = await browser.open(`${url}?metric=range%2Fold&range=30d`);
    expect(await textOf(page, '.chart')).toContain('No values are known for these dates');
    expect(await page.$$('.chart .grid')).not.toHaveLength(0);
    expect(await page.$$('.tick.date')).not.toHaveLength(0);
    expect(faults).toEqual([]);
  });

  it('chooses a range in which something happened, if none is asked for', async () => {
    const { page } = await browser.open(`${url}?metric=range%2Fold`);
    expect(await page.$eval('select.range', (select) => (select as unknown as { value: string }).value)).toBe('all');
    const { page: orders } = await browser.open(url + ORDERS);
    expect(await orders.$eval('select.range', (select) => (select as unknown as { value: string }).value)).toBe('30d');
  });

  it('writes values below 0.01, and their ticks, with the digits that they have', async () => {
    const { page } = await browser.open(`${url}?metric=range%2Fsmall&range=30d`);
    expect(await textsOf(page, '.tick.value')).toEqual(['0.000', '0.002', '0.004', '0.006', '0.008']);
    await page.focus('.walker');
    expect(await textOf(page, '.tooltip')).toMatch(/0\.002$/);
  });

  it('begins where its values do, with zero, and keeps the dates of the range in words', async () => {
    const { page, faults } = await browser.open(`${url}?metric=range%2Ffew&range=30d`);
    expect(await textsOf(page, '.tick.date')).toEqual(
      ['25', '26', '27', '28', '29', '30', '31'].map((day) => `Oct ${day}`),
    );
    expect((await textsOf(page, '.tick.value'))[0]).toBe('0');
    expect(await textOf(page, '.headline small')).toBe('Oct 2 – 31, 2026');
    const { page: own } = await browser.open(`${url}?metric=range%2Ffew&from=2026-10-02&to=2026-10-31&as=table`);
    expect(await textsOf(own, '.data tbody th')).toHaveLength(30);
    expect(faults).toEqual([]);
  });

  it('is a week if its first values are of this week', async () => {
    const { page } = await browser.open(`${url}?metric=range%2Ffew`);
    expect(await textOf(page, '.headline small')).toBe('Oct 25 – 31, 2026');
  });

  it('has whole ticks for counts', async () => {
    const { page } = await browser.open(`${url}${ORDERS}&range=7d`);
    expect(await textsOf(page, '.tick.value')).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it.each([
    ['2026-10-16', '2026-10-20', '2026-10-11', '2026-10-15'],
    ['2026-10-10', '2026-10-23', '2026-09-26', '2026-10-09'],
    ['2026-10-01', '2026-10-02', '2026-09-29', '2026-09-30'],
  ])('compares the totals of %s to %s with the range before', async (from, to, before, end) => {
    const { page } = await browser.open(`${url}${ORDERS}&from=${from}&to=${to}&compare=previous`);
    const [now, was] = [ordersOf(from, to), ordersOf(before, end)];
    expect(await textOf(page, '.headline dd span')).toBe(String(now));
    const change = Math.round(((now - was) / was) * 100);
    const figure = await textOf(page, '.figures div:nth-child(2)');
    expect(figure).toMatch(
      new RegExp(`vs the range before.*${change > 0 ? `\\+${change}` : change}(\\.\\d)?%${was}, `),
    );
  });

  it('says that a lowest value is of complete ones, if one that is not over is lower', async () => {
    const lowest = async (from: string): Promise<string> => {
      const { page } = await browser.open(`${url}${ORDERS}&from=${from}&to=2026-10-31&compare=none`);
      return (await textsOf(page, '.figures > div')).at(-1) ?? '';
    };
    expect(await lowest('2026-10-30')).toMatch(/^Lowest2.*Oct 30, 2026, of complete values$/);
    expect(await lowest('2026-10-20')).toMatch(/^Lowest1.*Oct 21, 2026$/);
  });

  it('compares with a year before, of which nothing is known', async () => {
    const { page } = await browser.open(`${url}${ORDERS}&range=7d&compare=year`);
    expect(await textOf(page, '.figures div:nth-child(2)')).toMatch(/^vs a year before–.*Oct 25 – 31, 2025/);
  });

  it('says which dates are not over, which have not come, and which are not known', async () => {
    const { page } = await browser.open(`${url}${ORDERS}&from=2026-07-20&to=2026-11-02&as=table`);
    const rows = new Map(
      (await textsOf(page, '.data tbody th')).map((text) => {
        const [, date = '', state = ''] = /^\w{3}, (\w{3} \d+), \d{4}(.*)$/.exec(text ?? '') ?? [];
        return [date, state.trim()];
      }),
    );
    expect(rows.get('Nov 2')).toBe('not yet');
    expect(rows.get('Oct 31')).toBe('so far');
    expect(rows.get('Oct 30')).toBe('');
    expect(rows.get('Jul 20')).toBe('not known');
  });

  it('offers a logarithmic axis to values of many orders of magnitude, and keeps it in the address', async () => {
    const wide = '?metric=range%2Fwide&range=30d';
    const { page, faults } = await browser.open(url + wide);
    expect(await textsOf(page, '.tick.value')).toEqual(['0', '20K', '40K', '60K', '80K', '100K']);
    await page.locator('::-p-aria([name="Log axis"])').click();
    await eventually(
      page,
      `document.querySelector('.tick.value:last-of-type') !== null && location.search.endsWith('&axis=log')`,
    );
    const ticks = ['0', '1', '10', '100', '1,000', '10,000', '100,000'];
    await eventually(page, `document.querySelectorAll('.tick.value').length === ${ticks.length}`);
    expect(await textsOf(page, '.tick.value')).toEqual(ticks);
    await page.reload();
    await browser.ready(page);
    expect(await textsOf(page, '.tick.value')).toEqual(ticks);
    expect(await violationsOn(page)).toEqual([]);
    // the length of a bar is its value
    await page.click('input[value=bars]');
    await eventually(page, `document.querySelector('.chart .bar') !== null`);
    expect(await page.$$('.check input')).toEqual([]);
    expect(await textsOf(page, '.tick.value')).toContain('20K');
    await page.goto(`${url}${ORDERS}&range=30d`);
    await browser.ready(page);
    expect(await page.$$('figure .check')).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('shows a day by hours, and a part of it that is drawn over', async () => {
    const { page, faults } = await browser.open(`${url}?metric=range%2Fhours&range=today`);
    expect((await pathsOf(page, '.chart .line')).match(/[ML]/g)).toHaveLength(14); // the open hour joins the one before
    expect(await textsOf(page, '.tick.date')).toEqual([
      '00:00',
      '02:00',
      '04:00',
      '06:00',
      '08:00',
      '10:00',
      '12:00',
      '14:00',
      '16:00',
      '18:00',
      '20:00',
      '22:00',
    ]);
    expect(await textsOf(page, '.tick.year')).toEqual(['Oct 31']);
    expect(await textOf(page, '.headline')).toBe('Total78Oct 31, 00:00 – 13:00, so far');
    await page.click('figure summary');
    await eventually(page, `document.querySelector('.data tbody th') !== null`);
    const rows = await textsOf(page, '.data tbody th');
    expect([rows.length, rows[0], rows[11], rows[12]]).toEqual([
      24,
      'Sat, Oct 31, 2026, 23:00 not yet',
      'Sat, Oct 31, 2026, 12:00 so far',
      'Sat, Oct 31, 2026, 11:00',
    ]);
    const { x, y, width } = (await (await page.$('.chart svg'))!.boundingBox())!;
    await page.mouse.move(x + width * 0.2, y + 50);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.4, y + 50, { steps: 3 });
    await page.mouse.up();
    await eventually(
      page,
      `location.search.includes('from=2026-10-31T0') && document.querySelectorAll('.tick.date').length < 12`,
    );
    await browser.ready(page);
    expect(await textOf(page, '.headline small')).toMatch(/^Oct 31, 0\d:00 – \d\d:00$/);
    expect(await textsOf(page, 'select.range option')).toContain('24 hours');
    expect(await violationsOn(page)).toEqual([]);
    // back to the day, by the button and by a double click
    const isDay = `location.search === '?metric=range%2Fhours&range=today'`;
    await page.focus('.row .no-print');
    await page.keyboard.press('Enter');
    await eventually(page, `${isDay} && document.activeElement.matches('.walker')`);
    await page.goBack();
    await eventually(page, `location.search.includes('zoom=today') && document.querySelector('.walker') !== null`);
    const drawn = (await (await page.$('.chart svg'))!.boundingBox())!;
    await page.mouse.click(drawn.x + drawn.width * 0.5, drawn.y + 50, { clickCount: 2 });
    await eventually(page, `${isDay} && !document.body.textContent.includes('Zoom out')`);
    expect(faults).toEqual([]);
  });

  it('selects dates with Shift and the arrow keys, which Enter shows and Escape leaves', async () => {
    const { page, faults } = await browser.open(`${url}?metric=range%2Fhours&range=today`);
    const shift = async (key: KeyInput): Promise<void> => {
      await page.keyboard.down('Shift');
      await page.keyboard.press(key);
      await page.keyboard.up('Shift');
    };
    const textOfSlider = (): Promise<string | null> =>
      page.$eval('.walker', (slider) => slider.getAttribute('aria-valuetext'));
    await page.focus('.walker');
    await page.keyboard.press('Home');
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowLeft'] as const) await shift(key);
    expect(await textOfSlider()).toMatch(/^Sat, Oct 31, 2026, 02:00: .*\. Selected from Sat, Oct 31, 2026, 00:00$/);
    expect(await page.$('.chart .stroke')).not.toBeNull();
    expect(await violationsOn(page)).toEqual([]);
    await page.keyboard.press('Escape');
    expect([await page.$('.chart .stroke'), await textOfSlider()]).toEqual([
      null,
      expect.not.stringContaining('Selected'),
    ]);
    await shift('ArrowLeft');
    await shift('Home');
    await page.keyboard.press('Enter');
    await eventually(page, `location.search.includes('from=2026-10-31T00') && location.search.includes('zoom=today')`);
    await browser.ready(page);
    expect(await textOf(page, '.headline small')).toBe('Oct 31, 00:00 – 03:00');
    expect(faults).toEqual([]);
  });

  it('counts the last 24 hours that are over, and draws the one that is not', async () => {
    const { page, faults } = await browser.open(`${url}?metric=range%2Fhours&range=24h`);
    // the hour of now adds 12, and is not in it; neither is that of the day before
    expect(await textOf(page, '.headline')).toBe('Total276Oct 30, 12:00 – Oct 31, 12:00');
    expect(await textOf(page, '.figures div:nth-child(2)')).toMatch(
      /^vs the range before0%276, Oct 29, 12:00 – Oct 30, 12:00$/,
    );
    await page.click('figure summary');
    await eventually(page, `document.querySelectorAll('.data tbody th').length === 25`);
    const rows = await textsOf(page, '.data tbody th');
    expect([rows[0], rows[1], rows[24]]).toEqual([
      'Sat, Oct 31, 2026, 12:00 so far',
      'Sat, Oct 31, 2026, 11:00',
      'Fri, Oct 30, 2026, 12:00',
    ]);
    expect(faults).toEqual([]);
  });

  it('says of a part of a day why what it is made of is not shown, and shows that of a whole day', async () => {
    const { page, faults } = await browser.open(`${url}?metric=range%2Fhours&range=24h`);
    expect(await textOf(page, '.breakdowns')).toBe(
      'By customerNot kept by hour, only by day. Choose a range of whole days to see it.',
    );
    await page.click('.breakdown h2 a');
    await eventually(page, `location.search.includes('by=customer')`);
    await page.goto(`${url}?metric=range%2Fhours&range=yesterday`);
    await browser.ready(page);
    await page.waitForSelector('.breakdown tbody');
    expect(await textOf(page, '.breakdown tbody')).toBe('Ada Lovelace7100%');
    expect(faults).toEqual([]);
  });

  it('draws a bucket alone that is not over as a ring', async () => {
    const { page } = await browser.open(`${url}?metric=range%2Fquarters&range=30d`);
    expect(await page.$$eval('.chart .dot', (all) => all.map((one) => one.getAttribute('class')))).toEqual([
      'dot open',
    ]);
  });

  it('of all metrics may be a day, by hours where there are some', async () => {
    const { page, faults } = await browser.open(`${url}?range=today&q=hours`);
    expect(await textsOf(page, 'select.range option')).toContain('24 hours');
    expect(await textOf(page, '.tile')).toBe('hours780%Total, by hour, 78 before');
    expect(await textOf(page, '.compared')).toBe('Oct 31, 2026, compared with Oct 30, 2026');
    await page.select('select.range', '24h');
    await eventually(page, `document.querySelector('.tile')?.textContent.includes('276')`);
    expect(await textOf(page, '.compared')).toBe(
      'Oct 30, 12:00 – Oct 31, 12:00, compared with Oct 29, 12:00 – Oct 30, 12:00',
    );
    await page.click('.tile a');
    await browser.ready(page);
    expect(await textOf(page, '.headline')).toBe('Total276Oct 30, 12:00 – Oct 31, 12:00');
    expect(new URL(page.url()).search).toBe('?metric=range%2Fhours&range=24h');
    await page.goto(`${url}?range=24h&q=number+of+orders`);
    await browser.ready(page);
    expect(await textOf(page, '.tile')).toBe('Number of orders–Not kept by hour');
    expect(faults).toEqual([]);
  });

  it('shows hours of a range that is too long for them as a week of them', async () => {
    const { page } = await browser.open(`${url}?metric=range%2Fhours&range=12m`);
    expect(await page.$eval('select.range', (select) => (select as unknown as { value: string }).value)).toBe('7d');
  });

  it('names months, quarters and the dates of a range by their buckets', async () => {
    const { page } = await browser.open(`${url}${ORDERS}&period=CALENDAR_MONTH&from=2026-08-01&to=2026-10-31`);
    expect(await textsOf(page, '.tick.date')).toEqual(['Aug', 'Sep', 'Oct']);
    expect(await textOf(page, '.headline small')).toBe('August 2026 – October 2026');
    await page.focus('.walker');
    await page.keyboard.press('ArrowLeft');
    expect(await textOf(page, '.tooltip')).toContain('September 2026');
    // the chart leaves out months of which nothing is known, and the figures are of all
    const { page: year } = await browser.open(`${url}${ORDERS}&period=CALENDAR_MONTH&range=12m`);
    expect(await textsOf(year, '.tick.date')).toHaveLength(7);
    expect(await textOf(year, '.headline small')).toBe('November 2025 – October 2026');
    const { page: quarters } = await browser.open(`${url}?metric=range%2Fquarters&from=2026-04-01&to=2026-10-31`);
    expect(await textsOf(quarters, '.tick.date')).toEqual(['Q2', 'Q3', 'Q4']);
  });

  it('shows the quarters of thirty days, and not twelve', async () => {
    const { page } = await browser.open(`${url}?metric=range%2Fquarters&range=30d&as=table`);
    expect(await textsOf(page, '.data tbody th')).toEqual(
      ['Q4 2026 so far'].map((text) => expect.stringContaining(text.slice(0, 7))),
    );
  });

  const WIDTHS = [390, 768, 1200, 1440];
  it.each(WIDTHS)('keeps long numbers, ticks and its slider in their places at %d pixels', async (width) => {
    for (const search of ['', '?as=table', '?metric=range%2Fhuge&range=30d&compare=previous', `${ORDERS}&range=12m`]) {
      const { page, faults } = await browser.open(url + search, { width });
      expect([search, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([search, width]);
      const cut = await page.evaluate(`[...document.querySelectorAll('td, th, dd, .tile .big, button')]
        .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'none')
        .filter((one) => one.clientWidth > 0 && !one.closest('.hidden'))
        .map((one) => one.textContent)`);
      expect([search, width, cut]).toEqual([search, width, []]);
      const outside = await page.evaluate(`(() => {
        const chart = document.querySelector('.chart svg');
        if (chart === null) return [];
        const frame = chart.getBoundingClientRect();
        return [...chart.querySelectorAll('text')].filter((text) => {
          const { left, right } = text.getBoundingClientRect();
          return left < frame.left - 0.5 || right > frame.right + 0.5;
        }).map((text) => text.textContent);
      })()`);
      expect([search, width, outside]).toEqual([search, width, []]);
      const slider = await page.evaluate(`(() => {
        const walker = document.querySelector('.walker');
        const grid = document.querySelector('.chart .zero, .chart .grid');
        if (walker === null) return 0;
        const [a, b] = [walker.getBoundingClientRect(), grid.getBoundingClientRect()];
        return Math.max(Math.abs(a.left - b.left), Math.abs(a.right - b.right));
      })()`);
      expect(slider).toBeLessThan(1);
      expect(faults).toEqual([]);
      await page.close();
    }
  });

  it('has no control alone in a row of a tablet, and a date each few weeks on a phone', async () => {
    const { page } = await browser.open(url, { width: 768 });
    for (const search of ['', `${ORDERS}&range=90d`, `${ORDERS}&from=2026-10-01&to=2026-10-05`]) {
      await page.goto(url + search);
      await browser.ready(page);
      const bottoms = (await page.$$eval('.controls label, .controls fieldset', (all) =>
        all.filter((one) => one.closest('.choices') === null).map((one) => one.getBoundingClientRect().bottom),
      )) as number[];
      const rows = [...new Set(bottoms)].map((bottom) => bottoms.filter((one) => one === bottom).length);
      expect([search, Math.min(...rows) > 1, rows.length <= 2]).toEqual([search, true, true]);
    }
    await show(page, { theme: 'light', width: 390 });
    await page.goto(`${url}${ORDERS}&range=90d`);
    await browser.ready(page);
    const dates = await page.$$eval('.tick.date', (all) => all.map(({ textContent }) => textContent));
    expect(dates).toEqual(['Aug 17', 'Sep 7', 'Sep 28', 'Oct 19']);
  });

  it.each(['', ORDERS, `${ORDERS}&from=2026-10-01&to=2026-10-05`])(
    'has its controls in one row at 1440 pixels: %s',
    async (search) => {
      const { page } = await browser.open(url + search, { width: 1440 });
      const tops = await page.$$eval('.controls > :not(.fold)', (all) =>
        all.map((one) =>
          Math.round(
            (one as unknown as { getBoundingClientRect(): { bottom: number } }).getBoundingClientRect().bottom,
          ),
        ),
      );
      expect(tops.length).toBeGreaterThan(2);
      expect(new Set(tops).size).toBe(1);
    },
  );

  it.each([
    [1200, [4]],
    [768, [2, 2]],
    [390, [2, 2]],
  ])('has the figures of hours in rows at %i pixels: %j', async (width, expected) => {
    const { page } = await browser.open(`${url}?metric=range%2Fhours&period=HOUR&range=7d`, { width });
    const tops = (await page.$$eval('.figures > div', (all) =>
      all.map((one) => one.getBoundingClientRect().top),
    )) as number[];
    expect([...new Set(tops)].map((top) => tops.filter((one) => one === top).length)).toEqual(expected);
  });

  it('lists a tracker that failed from the start first, with its error and no link to nothing', async () => {
    const { page, faults } = await browser.open(`${url}?view=trackers`);
    expect(await textOf(page, 'main p')).toMatch(/^4 trackers\. 1 failed\.$|^3 trackers\. 1 failed\.$/);
    const row = await textOf(page, 'tbody tr:first-child');
    expect(row).toMatch(/^broken.*range\/broken.*nothing computed yet.*The orders cannot be read\..*Failed/);
    expect(await page.$$('tbody tr:first-child a[href*="metric"]')).toHaveLength(0);
    expect(await textOf(page, 'nav .badge')).toBe('1 need attention');
    await page.click('tbody tr:first-child a');
    await eventually(page, `document.querySelector('.notice')?.textContent.includes('Its last run failed')`);
    expect(await page.$$('main a[href*="metric"]')).toHaveLength(0);
    expect(faults).toEqual([]);
    // an address that someone kept says what to look at
    const { page: metricPage } = await browser.open(`${url}?metric=range%2Fbroken`);
    await eventually(metricPage, `document.querySelector('main').textContent.includes('Its tracker broken failed.')`);
  });

  it.each([
    ['zeros', '?metric=range%2Fzeros&range=30d'],
    ['nothing', '?metric=range%2Fold&range=30d'],
    ['huge numbers', '?metric=range%2Fhuge&range=30d&compare=previous'],
    ['failures', '?view=trackers'],
    ['a failure', '?tracker=broken'],
  ])('is accessible with %s', async (_, search) => {
    const { page } = await browser.open(url + search);
    for (const theme of ['light', 'dark'] as const) {
      await show(page, { theme, width: 1200 });
      await eventually(page, `document.documentElement.dataset.theme === '${theme}'`);
      expect([theme, await violationsOn(page)]).toEqual([theme, []]);
    }
  });
});

describeInBrowser('all metrics of an application that has just begun', (browser) => {
  it('are shown over a week, and over a month once they are older', async () => {
    const url = `${await applications.start({ isEmpty: true, prepare: answerAt(NOW) })}/trackstats`;
    const statistics = applications.last.app.get(StatisticService);
    const chosen = async (search = ''): Promise<string> => {
      const { page } = await browser.open(url + search);
      return page.$eval('select.range', ({ value }) => value);
    };
    await statistics.recordMany(
      [0, 1, 2].map((day) => ({ metric: metric('new'), value: day + 1, date: addDays(TODAY, -day) })),
    );
    expect(await chosen()).toBe('7d');
    const object = objectRef('customer', 5);
    await statistics.recordMany(
      [0, 1, 2].map((day) => ({ metric: metric('of_customer'), object, value: 4, date: addDays(TODAY, -day) })),
    );
    expect(await chosen('?object_type=customer&object_id=5')).toBe('7d');
    await statistics.record({ metric: metric('new'), value: 5, date: addDays(TODAY, -7) });
    expect(await chosen()).toBe('30d');
  });
});
