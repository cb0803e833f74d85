import { addDays, defineDomain, defineMetric, StatisticService } from 'nestjs-trackstats';
import { DashboardApplications } from './application.js';
import { describeInBrowser, eventually } from './browser.js';

const METRICS = 500;
/** Ten years. */
const DAYS = 3_653;
/** Much more than it takes, on machines that do other work meanwhile; people are told what was measured in docs/. */
const PATIENCE = 10_000;

const applications = new DashboardApplications();
afterAll(() => applications.close());

const LARGE = defineDomain({ ref: 'large' });
const valuesOf = (number: number, days: number) =>
  Array.from({ length: days }, (_, day) => ({
    metric: defineMetric({ domain: LARGE, ref: `m${number}` }),
    value: (day * (number + 7)) % 101,
    date: addDays('2026-10-31', -day),
  }));

describeInBrowser('a dashboard of 500 metrics and ten years of days', (browser) => {
  let url: string;
  beforeAll(async () => {
    url = `${await applications.start()}/trackstats`;
    const statistics = applications.last.app.get(StatisticService);
    await statistics.recordMany(valuesOf(0, DAYS));
    await statistics.recordMany(Array.from({ length: METRICS - 1 }, (_, number) => valuesOf(number + 1, 5)).flat());
  });

  it('shows all metrics in one list, which is searched as one types', async () => {
    const began = performance.now();
    const { page, faults } = await browser.open(url);
    expect(performance.now() - began).toBeLessThan(PATIENCE);
    expect(await page.$$eval('.tile', (tiles) => tiles.length)).toBeGreaterThanOrEqual(METRICS);
    await page.type('input[type=search]', 'large/m49');
    await eventually(page, `document.querySelectorAll('.tile').length === 11`); // m49, m490 to m499
    expect(faults).toEqual([]);
  });

  it('draws ten years, and reads every day of them', async () => {
    const began = performance.now();
    const { page, faults } = await browser.open(`${url}?metric=large%2Fm0&range=all`);
    expect(performance.now() - began).toBeLessThan(PATIENCE);
    const reading = `document.querySelector('.tooltip').textContent`;
    await page.focus('input[type=range]');
    await page.keyboard.press('Home');
    expect(await page.evaluate(reading)).toContain('Oct 31, 2016');
    expect(await page.evaluate(reading)).toContain(`m0${((DAYS - 1) * 7) % 101}`);
    expect(faults).toEqual([]);
  });

  it('has them in a table, a year at a time', async () => {
    const { page, faults } = await browser.open(`${url}?metric=large%2Fm0&range=all&as=table`);
    const rows = `document.querySelectorAll('.data tbody tr').length`;
    expect(await page.evaluate(rows)).toBe(366);
    await page.evaluate(
      `new Promise((done) => {
        const next = () => {
          const more = document.querySelector('.data > button');
          if (more === null) return done();
          more.click();
          setTimeout(next);
        };
        next();
      })`,
    );
    await eventually(page, `${rows} >= ${DAYS}`);
    expect(faults).toEqual([]);
  });
});
