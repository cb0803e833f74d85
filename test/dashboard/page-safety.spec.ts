import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CanActivate } from '@nestjs/common';
import { AdminGuard, DashboardApplications, HOSTILE, ReaderGuard } from './application.js';
import { violationsOn } from './axe.js';
import { DESKTOP, describeInBrowser, eventually, PHONE, show, textOf } from './browser.js';

const applications = new DashboardApplications();
const proxies: Server[] = [];
afterAll(async () => {
  for (const proxy of proxies) proxy.close().closeAllConnections();
  await applications.close();
});

const ORDERS = '?metric=shopping%2Forder_count';
const BY_CUSTOMER = '?metric=shopping%2Fcustomer_orders&by=customer';

describeInBrowser('the dashboard', (browser) => {
  let url: string;
  beforeAll(async () => {
    const actionGuards: CanActivate[] = [{ canActivate: () => true }];
    url = `${await applications.start({ dashboard: { public: true, actionGuards } })}/trackstats`;
  });

  it.each(['', '?metric=z%2Fscript', BY_CUSTOMER, `${BY_CUSTOMER}&as=bars`, `?q=${encodeURIComponent(HOSTILE)}`])(
    'shows hostile names as text, and runs nothing: %s',
    async (search) => {
      const { page, faults } = await browser.open(url + search);
      expect(await page.$$('img, script:not([src]), [onerror], a[href^="javascript"]')).toHaveLength(0);
      expect(await page.evaluate(`document.body.textContent`)).toContain(
        search.includes('script') ? 'alert(3)' : '<img',
      );
      expect(faults).toEqual([]);
    },
  );

  const pages: [string, string][] = [
    ['the overview', ''],
    ['the overview as a table', '?as=table'],
    ['a metric', `${ORDERS}&compare=previous`],
    ['a metric as a table', `${ORDERS}&range=30d&as=table&compare=previous`],
    ['a metric by object', `${BY_CUSTOMER}&as=bars`],
    ['the trackers', '?view=trackers'],
    ['a tracker', '?tracker=OrderTracker'],
  ];
  it.each(pages)('is accessible, and no wider than its window: %s', async (_, search) => {
    const { page, faults } = await browser.open(url + search);
    for (const width of [DESKTOP, PHONE]) {
      for (const theme of ['light', 'dark'] as const) {
        await show(page, { theme, width });
        await eventually(page, `document.documentElement.dataset.theme === '${theme}' && innerWidth === ${width}`);
        expect([theme, width, await violationsOn(page)]).toEqual([theme, width, []]);
        expect([width, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([width, width]);
      }
    }
    expect(faults).toEqual([]);
  });
});

describeInBrowser('the dashboard where it is put', (browser) => {
  it.each(['express', 'fastify'] as const)('on %s, below a proxy that gives it another path', async (platform) => {
    const inner = await applications.start({
      platform,
      prefix: 'api',
      dashboard: { path: 'admin/stats', public: true },
    });
    const proxy = await proxyTo(`${inner}/api/admin/stats`, '/elsewhere/numbers');
    const { page, faults } = await browser.open(`${proxy}/elsewhere/numbers/`);
    await page.click('a[href*="order_count"]');
    await page.waitForSelector('.chart svg');
    expect(new URL(page.url()).pathname).toBe('/elsewhere/numbers/');
    await page.reload();
    await browser.ready(page);
    expect(await textOf(page, 'h1')).toBe('Number of orders');
    expect(faults).toEqual([]);
  });

  it('shows no buttons to those whom the second guard refuses, and says when one may not see it', async () => {
    const url = `${await applications.start({ dashboard: { guards: [ReaderGuard], actionGuards: [AdminGuard] } })}/trackstats?tracker=OrderTracker`;
    const buttons = async (role: string): Promise<unknown[]> => {
      const { page, faults } = await browser.open(url, { headers: { 'x-role': role } });
      expect(faults).toEqual([]);
      return page.$$eval('main button', (all) => all.map((one) => one.textContent));
    };
    expect(await buttons('reader')).toEqual([]);
    expect(await buttons('admin')).toEqual(['Run now', 'Verify', 'Repair', 'Backfill']);
    const { page } = await browser.open(url, { headers: { 'x-role': 'reader' } });
    await page.setExtraHTTPHeaders({});
    await page.click('nav a');
    await eventually(page, `document.querySelector('[role=alert]')?.textContent.includes('not allowed')`);
    expect(await violationsOn(page)).toEqual([]);
  });
});

/** A reverse proxy that serves what stands at `target` under another path, as nginx does with two slashes at the ends. */
async function proxyTo(target: string, path: string): Promise<string> {
  const server: Server = createServer((incoming, outgoing) => {
    const rest = (incoming.url ?? '').slice(path.length);
    const passed = request(target + rest, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxies.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
