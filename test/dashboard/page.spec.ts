import { DashboardApplications, HOSTILE } from './application.js';
import { violationsOn } from './axe.js';
import { describeInBrowser, eventually, PHONE, show, textOf } from './browser.js';

const applications = new DashboardApplications();
afterAll(() => applications.close());

/** The outline of the first line of the chart. */
const LINE = `[...document.querySelectorAll('.chart .series-1 .line')].map((path) => path.getAttribute('d')).join('')`;

const ORDERS = '?metric=shopping%2Forder_count';
const BY_CUSTOMER = '?metric=shopping%2Fcustomer_orders&by=customer';

describeInBrowser('the dashboard', (browser) => {
  let url: string;
  beforeAll(async () => {
    url = `${await applications.start({ dashboard: { public: true, actionGuards: [{ canActivate: () => true }], title: 'Shop' } })}/trackstats`;
  });

  it('shows all metrics by domain, each with its last value, its change and a line', async () => {
    const { page, faults } = await browser.open(url);
    expect(await page.title()).toBe('Metrics · Shop');
    expect(await page.$$eval('h2', (all) => all.map((one) => one.textContent))).toEqual([
      `${HOSTILE}javascript:alert(2) 1`,
      'Shopping 2',
    ]);
    // 90 orders in each 30 days: of every five days in a row, each has one to five
    expect(await textOf(page, '.tile:has([href*="order_count"])')).toMatch(/^Number of orders900%Total, 90 before$/);
    expect(await page.$$('.tile:has([href*="order_count"]) .sparkline .line')).toHaveLength(1);
    await page.click('input[value=table]');
    await page.waitForSelector('table.metrics');
    const row = await textOf(page, 'tr:has([href*="order_count"])');
    expect(row).toMatch(/^Number of ordersshopping\/order_count.*90.*0%/);
    expect(faults).toEqual([]);
  });

  it('finds metrics by what is typed, and keeps that in the address', async () => {
    const { page, faults } = await browser.open(url);
    await page.type('input[type=search]', 'number ord');
    await eventually(page, `document.querySelectorAll('.tile').length === 1`);
    expect(await textOf(page, '.tile h3')).toBe('Number of orders');
    expect(new URL(page.url()).search).toBe('?q=number+ord');
    await page.reload();
    await browser.ready(page);
    expect(await page.$$('.tile')).toHaveLength(1);
    expect(faults).toEqual([]);
  });

  it('draws a metric', async () => {
    const { page, faults } = await browser.open(url + ORDERS);
    expect(await textOf(page, 'h1')).toBe('Number of orders');
    expect(((await page.evaluate(LINE)) as string).match(/[ML]/g)).toHaveLength(31); // the day that is not over has a part of its own
    expect(faults).toEqual([]);
  });

  it('draws a value that has no neighbours as a dot', async () => {
    const { page, faults } = await browser.open(`${url}?q=script`);
    const [dots] = await page.$$eval('.tile .sparkline .dots', (all) => all.map((one) => one.getAttribute('d')));
    expect(dots).toMatch(/^M[\d. ]+h0$/);
    const metric = await browser.open(`${url}?metric=z%2Fscript`);
    expect(await metric.page.$$('.chart .dot')).toHaveLength(1);
    expect([...faults, ...metric.faults]).toEqual([]);
  });

  it('changes what it shows with the controls, in the address, and goes back', async () => {
    const { page, faults } = await browser.open(url + ORDERS);
    await page.select('select:has([value=CALENDAR_MONTH])', 'CALENDAR_MONTH');
    await eventually(page, `location.search.includes('period=CALENDAR_MONTH')`);
    await page.click('input[value=table]');
    await eventually(page, `document.querySelectorAll('.data tbody tr').length > 0`);
    await page.select('select.range', '12m');
    await page.select('select.compare', 'previous');
    await eventually(page, `[...document.querySelectorAll('.data th')].some((th) => th.textContent === 'Change')`);
    expect(new URL(page.url()).search).toBe(`${ORDERS}&period=CALENDAR_MONTH&range=12m&compare=previous&as=table`);
    await page.goBack();
    await eventually(page, `document.querySelector('select.compare').value === ''`);
    await page.goBack();
    await page.goBack();
    await eventually(page, `document.querySelector('input[value=lines]').checked`);
    await page.waitForSelector('.chart svg');
    await page.goForward();
    await page.goForward();
    await eventually(page, `document.querySelectorAll('.data tbody tr').length > 0`);
    expect(faults).toEqual([]);
  });

  it('shows in a table what it draws', async () => {
    const { page, faults } = await browser.open(`${url}${ORDERS}&from=2026-10-20&to=2026-10-29&as=table`);
    const rows = await page.$$eval('.data tbody tr', (all) => all.map((row) => row.textContent));
    const weekday = (day: number): string => ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'][(day - 1) % 7] ?? '';
    // n days before October 31st there are n % 5 + 1 orders
    expect(rows).toEqual(
      [29, 28, 27, 26, 25, 24, 23, 22, 21, 20].map((day) => `${weekday(day)}, Oct ${day}, 2026${((31 - day) % 5) + 1}`),
    );
    expect(faults).toEqual([]);
  });

  it('shows objects by name, the greatest first, with the range before', async () => {
    const { page, faults } = await browser.open(`${url}${BY_CUSTOMER}&range=30d&compare=previous&as=table`);
    const titles = await page.$$eval('.data thead th', (all) => all.map((one) => one.textContent));
    expect(titles.slice(0, 3)).toEqual(['Date', 'Date before', 'Ada Lovelace']);
    expect(titles).toContain(HOSTILE);
    const first = await page.$$eval('.data tbody tr:first-child td', (all) => all.map((one) => one.textContent));
    expect(first.slice(0, 2)).toEqual(['Thu, Oct 1, 2026', '1']);
    expect(first[2]).toBe('1');
    expect(faults).toEqual([]);
  });

  it('runs, verifies and backfills a tracker, and tells what came of it', async () => {
    const { page, faults } = await browser.open(`${url}?tracker=OrderTracker`);
    const press = async (name: string): Promise<void> => {
      await page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
    };
    await press('Run now');
    await eventually(page, `document.querySelector('.card [role=status]')?.textContent.startsWith('Done')`);
    await press('Verify');
    await page.locator('dialog button.main').click();
    await eventually(page, `document.querySelector('.card [role=status]')?.textContent.includes('are correct')`);
    await press('Backfill');
    await page.locator('dialog button.main').click();
    await eventually(page, `document.querySelector('dialog[open] input:invalid') !== null`); // “From” is required
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await eventually(page, `document.querySelector('dialog') === null`);
    await press('Backfill');
    await page.evaluate(`document.querySelector('dialog input').value = '2026-10-01'`);
    await page.locator('dialog button.main').click();
    await eventually(page, `document.querySelector('.card [role=status]')?.textContent.startsWith('Done')`);
    // the list of runs is read again once the outcome is there
    await eventually(page, `document.querySelectorAll('section:last-child tbody tr').length === 3`);
    expect(await page.$$('.runs .succeeded')).toHaveLength(3);
    const small = 'section:last-child tbody tr .narrow';
    const isShown = (): Promise<boolean> => page.$eval(small, (one) => one.getClientRects().length > 0);
    expect(await isShown()).toBe(false);
    await show(page, { theme: 'light', width: PHONE });
    expect(await isShown()).toBe(true);
    expect(await textOf(page, small)).toMatch(/^Took .+, \d+ written, \d+ removed, started by: This page/);
    expect(faults).toEqual([]);
  });

  it('saves what it shows as a file', async () => {
    const { page, faults } = await browser.open(`${url}${BY_CUSTOMER}&range=30d`);
    await page.evaluate(`{
      const create = URL.createObjectURL;
      URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return create(blob); };
    }`);
    await page.locator('::-p-text(Export CSV)').click();
    await eventually(page, `window.saved !== undefined`);
    const lines = (await page.evaluate<[], () => string>('window.saved')).trimEnd().split('\r\n');
    expect(lines[0]).toBe('metric,period,object_type,object_id,label,date,value,complete');
    expect(lines).toContain(`shopping/customer_orders,DAY,customer,2,${HOSTILE},2026-10-28,1,true`);
    expect(lines).toHaveLength(1 + 3 * 30);
    expect(faults).toEqual([]);
  });

  it('is walked through by the keyboard alone', async () => {
    const { page, faults } = await browser.open(url);
    const focused = (): Promise<string> =>
      page.evaluate(
        `(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()`,
      ) as Promise<string>;
    const tab = async (): Promise<string> => {
      await page.keyboard.press('Tab');
      return focused();
    };
    expect(await tab()).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(`document.activeElement.tagName`)).toBe('MAIN');
    const seen: string[] = [];
    while (seen.length < 20 && seen.at(-1) !== 'Number of orders') seen.push(await tab());
    expect(seen.at(-1)).toBe('Number of orders');
    await page.keyboard.press('Enter');
    await eventually(
      page,
      `document.activeElement.tagName === 'H1' && document.activeElement.textContent === 'Number of orders'`,
    );
    await page.waitForSelector('.chart svg');
    for (let step = 0; step < 20 && (await tab()) !== 'Date'; step++) continue;
    expect(await focused()).toBe('Date');
    await page.keyboard.press('ArrowLeft');
    expect(await page.$eval('input[type=range]', (slider) => slider.getAttribute('aria-valuetext'))).toBe(
      'Fri, Oct 30, 2026: Number of orders 2',
    );
    expect(await textOf(page, '.tooltip')).toContain('Fri, Oct 30, 2026');
    const outline = await page.evaluate(`getComputedStyle(document.querySelector('.chart')).outlineStyle`);
    expect(outline).toBe('solid');
    expect(faults).toEqual([]);
  });

  it('keeps the theme that is chosen', async () => {
    const { page, faults } = await browser.open(url, { theme: 'light' });
    const ground = (): Promise<unknown> => page.evaluate(`getComputedStyle(document.body).backgroundColor`);
    const light = await ground();
    await page.select('select.theme', 'dark');
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    await browser.ready(page);
    expect(await ground()).toBe(dark);
    await page.select('select.theme', 'system'); // pages of one browser share what was chosen
    expect(await ground()).toBe(light);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await eventually(page, `getComputedStyle(document.body).backgroundColor === '${String(dark)}'`);
    expect(faults).toEqual([]);
  });

  it('says that the application does not answer, and shows the page once it does', async () => {
    const { page } = await browser.open(url);
    await page.setOfflineMode(true);
    await page.click('a[href*="order_count"]');
    await eventually(page, `document.querySelector('[role=alert]')?.textContent.includes('does not answer')`);
    expect(await violationsOn(page)).toEqual([]);
    await page.setOfflineMode(false);
    await page.locator('::-p-aria([name="Try again"][role="button"])').click();
    await page.waitForSelector('.chart svg');
  });

  it.each([
    ['?metric=shopping%2Fnothing', 'There is no metric shopping/nothing'],
    ['?metric=nothing%2Fhere', 'There is no metric nothing/here'],
    [`?tracker=${encodeURIComponent(HOSTILE)}`, HOSTILE],
  ])('says what is not there: %s', async (search, message) => {
    const { page, faults } = await browser.open(url + search);
    expect(await textOf(page, '[role=alert]')).toContain(message);
    expect(faults.filter((fault) => !/\b40[04]\b/.test(fault))).toEqual([]);
    expect(await violationsOn(page)).toEqual([]);
  });
});
