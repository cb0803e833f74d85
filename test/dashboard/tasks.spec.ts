import { CountObjectsByDateTracker, defineDomain, defineMetric, Period, Track } from 'nestjs-trackstats';
import type { Page } from 'puppeteer-core';
import { DataSource } from 'typeorm';
import { at, Order } from '../module/application.js';
import { DashboardApplications } from './application.js';
import { violationsOn } from './axe.js';
import { DESKTOP, describeInBrowser, eventually, PHONE, show, textOf } from './browser.js';

const DOMAIN = defineDomain({ ref: 'tasks' });
const STATUS = '.card [role=status]';

interface Gate {
  readonly open: () => void;
  readonly opened: Promise<void>;
}

/** Where the source waits until the test opens it; null: it does not wait. */
let gate: Gate | null = null;
function closeGate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return (gate = { open, opened });
}

@Track({
  name: 'gated',
  metric: defineMetric({ domain: DOMAIN, ref: 'gated' }),
  dateField: 'createdAt',
  period: Period.DAY,
})
class Gated extends CountObjectsByDateTracker<Order> {
  override async source() {
    await gate?.opened;
    return Order;
  }
}

/** So many periods that a verification is still running when the page asks for its progress. */
@Track({
  name: 'windows',
  metric: defineMetric({ domain: DOMAIN, ref: 'windows' }),
  source: Order,
  dateField: 'createdAt',
  density: 'daily',
  period: Array.from({ length: 80 }, (_, index) => Period.days(index + 2)),
})
class Windows extends CountObjectsByDateTracker {}

const applications = new DashboardApplications();
afterAll(() => applications.close());

describeInBrowser('verify, repair and backfill', (browser) => {
  let url: string;
  beforeAll(async () => {
    const dashboard = { public: true, actionGuards: [{ canActivate: () => true }] };
    url = `${await applications.start({ dashboard, trackers: [Gated, Windows] })}/trackstats`;
  });
  afterEach(() => {
    gate?.open();
    gate = null;
  });

  const press = async (page: Page, name: string): Promise<void> => {
    await page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
  };
  const confirm = async (page: Page): Promise<void> => {
    await page.locator('dialog button.main').click();
  };
  const says = (page: Page, text: string): Promise<void> =>
    eventually(page, `document.querySelector('${STATUS}')?.textContent.includes('${text}')`);
  const focused = (page: Page): Promise<unknown> => page.evaluate(`document.activeElement.textContent`);

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
    await show(page, { theme: 'light', width: DESKTOP });
  };

  it('asks for the dates of a verification, and explains it', async () => {
    const { page, faults } = await browser.open(`${url}?tracker=OrderTracker`);
    await press(page, 'Verify');
    expect(await textOf(page, 'dialog p')).toMatch(
      /compares them with the stored ones\. Nothing is changed\..*all that is covered, Jul 24 – Oct 31, 2026\.$/,
    );
    await expectAccessible(page);
    await page.keyboard.press('Escape');
    await eventually(page, `document.querySelector('dialog') === null`);
    expect(await focused(page)).toBe('Verify');
    await press(page, 'Verify');
    await confirm(page);
    await says(page, 'All stored values are correct.');
    expect(faults).toEqual([]);
  });

  it('shows that a verification is running, and cancels it', async () => {
    const { page, faults } = await browser.open(`${url}?tracker=gated`);
    await press(page, 'Run now');
    await says(page, 'Done');
    closeGate();
    await press(page, 'Verify');
    await confirm(page);
    await page.waitForSelector('progress');
    expect(await textOf(page, STATUS)).toBe('Verifying …');
    await expectAccessible(page);
    // another page, or the same one after it was loaded again, shows it too
    await page.reload();
    await browser.ready(page);
    await page.waitForSelector('progress');
    await press(page, 'Cancel');
    await says(page, 'Cancelled. Nothing was changed.');
    expect(await page.$('progress')).toBeNull();
    expect(await focused(page)).toBe('Verify');
    expect(faults).toEqual([]);
  });

  it('cancels a repair', async () => {
    const { page, faults } = await browser.open(`${url}?tracker=gated`);
    closeGate();
    await press(page, 'Repair');
    expect(await textOf(page, 'dialog p')).toMatch(/corrects the stored ones that differ/);
    await confirm(page);
    await page.waitForSelector('progress');
    await press(page, 'Cancel');
    await says(page, 'Cancelled. Nothing was changed.');
    expect(faults).toEqual([]);
  });

  it('shows how far a verification is, its differences, and repairs them', async () => {
    const { page, faults } = await browser.open(`${url}?tracker=windows`);
    await press(page, 'Run now');
    await says(page, 'Done');
    const dataSource = applications.last.app.get(DataSource);
    await dataSource.getRepository(Order).save({ createdAt: at('2026-10-30T10:00') });
    await press(page, 'Verify');
    await page.$eval('dialog label:nth-child(1) input', (input) => ((input as { value: string }).value = '2026-08-01'));
    await confirm(page);
    await eventually(page, `document.querySelector('progress')?.value > 0`);
    expect(await textOf(page, 'section .row')).toMatch(/^\d+%, \d+ differences so far/);
    // on Oct 30 and Oct 31, in each of 80 windows
    await says(page, '160 stored values are wrong.');
    expect(await page.$$('.data tbody tr')).toHaveLength(160);
    expect(await textOf(page, '.data tbody tr')).toMatch(/^Oct 30, 2026.*Total/);
    await expectAccessible(page);
    await press(page, 'Repair these dates');
    expect(await page.$eval('dialog input', (input) => (input as { value: string }).value)).toBe('2026-08-01');
    await confirm(page);
    await says(page, 'Repaired: Aug 1 – Oct 31, 2026, 160 rows written');
    expect(await page.$('.data caption')).toBeNull();
    await press(page, 'Verify');
    await confirm(page);
    await says(page, 'All stored values are correct.');
    expect(faults).toEqual([]);
  });

  it('says that one is running already', async () => {
    const { page, faults } = await browser.open(`${url}?tracker=gated`);
    closeGate();
    const { page: other } = await browser.open(`${url}?tracker=gated`);
    await press(other, 'Verify');
    await confirm(other);
    await other.waitForSelector('progress');
    await page.bringToFront(); // the one behind draws no frames, which a press waits for
    await press(page, 'Verify');
    await confirm(page);
    await says(page, 'A verification of this tracker is already running.');
    await other.bringToFront();
    await press(other, 'Cancel');
    await says(other, 'Cancelled');
    expect(faults.filter((fault) => !fault.includes('409'))).toEqual([]);
  });
});
