import {
  addDays,
  defineDomain,
  defineMetric,
  IncompleteDimensionsError,
  InvalidArgumentError,
  InvalidPeriodError,
  MetricService,
  MissingModuleError,
  objectRef,
  Period,
  StatisticService,
  UnknownMetricError,
} from 'nestjs-trackstats';
import { type DigestOptions, DigestService, TrackstatsDigestModule } from 'nestjs-trackstats/digest';
import { Test } from '@nestjs/testing';
import { OrdersByRegion } from '../http/application.js';
import { closeApplications, Customer, Order, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'mails' });
const ORDERS = defineMetric({ domain: SHOP, ref: 'orders', name: 'Orders', better: 'up' });
const REFUNDS = defineMetric({
  domain: SHOP,
  ref: 'refunds',
  name: 'Refunds',
  better: 'down',
  unit: { currency: 'EUR' },
});
const VISITORS = defineMetric({ domain: SHOP, ref: 'visitors', name: 'Visitors' });
const CUSTOMERS = defineMetric({ domain: SHOP, ref: 'customers', name: 'Customers' });
const SHARE = defineMetric({ domain: SHOP, ref: 'share', name: 'Paid', unit: 'percent' });
const HOSTILE = defineMetric({ domain: SHOP, ref: 'hostile', name: `<script>alert("x")</script> & 'y'` });
const TWO_LINES = defineMetric({ domain: SHOP, ref: 'two_lines', name: 'Two\u2028lines' });
const STOCK = defineMetric({ domain: SHOP, ref: 'stock', name: 'Stock' });
const LEVEL = defineMetric({ domain: SHOP, ref: 'level', name: 'In stock', gauge: true });
const NEVER = defineMetric({ domain: SHOP, ref: 'never', name: 'Never counted' });

/** The lines of the text with the figures of a metric, without its course. */
const figures = (text: string): string[] => text.split('\n').filter((line) => line.includes(': '));

describeOnEachDatabase('DigestService', (database) => {
  let digests: DigestService;
  let statistics: StatisticService;
  let metrics: MetricService;

  beforeAll(async () => {
    // it is noon of Saturday, October 31
    const app = await start({
      database: database.options(),
      entities: [Order, Customer, OrdersByRegion],
      imports: [TrackstatsDigestModule],
    });
    digests = app.get(DigestService, { strict: false });
    statistics = app.get(StatisticService);
    metrics = app.get(MetricService);
    const days = Array.from({ length: 61 }, (_, day) => addDays('2026-09-01', day)).slice(0, 60);
    await statistics.recordMany(
      days.flatMap((date) => {
        const day = Number(date.slice(8));
        const value = date < '2026-10-01' ? 2 * day : day;
        return [
          { metric: ORDERS, date, value },
          { metric: REFUNDS, date, value: value * 1.5 },
          { metric: HOSTILE, date, value },
          { metric: ORDERS, date, value: 10 * value, object: objectRef('customer', 1) },
        ];
      }),
    );
    await statistics.recordMany([
      { metric: ORDERS, date: '2026-10-31', value: 1_000 },
      { metric: VISITORS, period: Period.CALENDAR_WEEK, date: '2026-10-12', value: 64 },
      { metric: VISITORS, period: Period.CALENDAR_WEEK, date: '2026-10-19', value: 80 },
      { metric: CUSTOMERS, period: Period.LIFETIME, date: '2026-10-18', value: 900 },
      { metric: CUSTOMERS, period: Period.LIFETIME, date: '2026-10-25', value: 1_000 },
      { metric: SHARE, date: '2026-10-24', value: 0.5 },
      { metric: SHARE, date: '2026-10-17', value: 0.4 },
      { metric: LEVEL, date: '2026-10-23', value: 70 },
      { metric: LEVEL, date: '2026-10-24', value: 60 },
      { metric: LEVEL, date: '2026-10-17', value: 50 },
    ]);
  });
  afterAll(() => closeApplications());

  const told = async (options: Omit<DigestOptions, 'metrics'>): Promise<string> => {
    const { text } = await digests.digest({ metrics: [ORDERS], ...options });
    return figures(text).join().replace('−', '-');
  };

  // sums by hand: 19 to 25 are 154, 12 to 18 are 105, 24 to 30 are 189, 17 to 23 are 140
  it.each([
    ['the last whole week', { period: Period.CALENDAR_WEEK }, 'Orders: 154 (▲ +47% from 105)'],
    ['the last seven days', { period: Period.WEEK }, 'Orders: 189 (▲ +35% from 140)'],
    ['yesterday', { period: Period.DAY }, 'Orders: 30 (▲ +3.4% from 29)'],
    ['the month to date', { period: Period.MONTH_TO_DATE }, 'Orders: 465 (▼ -50% from 930)'],
    ['the last whole month, with nothing before it', { period: Period.CALENDAR_MONTH }, 'Orders: 930'],
    ['days up to a date', { period: Period.days(2), date: '2026-10-12' }, 'Orders: 23 (▲ +21% from 19)'],
    ['another comparison', { period: Period.DAY, with: 'week', date: '2026-10-20' }, 'Orders: 20 (▲ +54% from 13)'],
    ['a week before all', { period: Period.WEEK, date: '2020-01-10' }, 'Orders: not known'],
  ] as const)('tells of %s', async (_title, options, words) => {
    expect(await told(options)).toBe(words);
  });

  it('tells of what is kept by week, or as it stands, and of shares and levels by their last value', async () => {
    const { text } = await digests.digest({
      metrics: [VISITORS, CUSTOMERS, SHARE, LEVEL, NEVER],
      period: Period.CALENDAR_WEEK,
    });
    expect(figures(text)).toEqual([
      'Visitors: 80 (▲ +25% from 64)',
      'Customers: 1,000 (▲ +11% from 900) (on Oct 25, 2026)',
      'Paid: 50% (▲ +25% from 40%) (on Oct 24, 2026)',
      'In stock: 60 (▲ +20% from 50) (on Oct 24, 2026)',
      'Never counted: not known',
    ]);
    expect(await metrics.find(NEVER)).toBeNull();
  });

  it('tells of a group of a custom statistic', async () => {
    const entry = { metric: ORDERS, entity: OrdersByRegion, dimensions: { country: 'NL', province: null, floor: 0 } };
    await statistics.recordMany([1, 2].map((value) => ({ ...entry, date: `2026-10-${28 + value}`, value })));
    const { text } = await digests.digest({ metrics: [{ ...entry, name: 'In the Netherlands' }], period: Period.DAY });
    expect(figures(text)).toEqual(['In the Netherlands: 2 (▲ +100% from 1)']);
    const partly = digests.digest({ metrics: [{ ...entry, dimensions: { country: 'NL' } }], period: Period.DAY });
    await expect(partly).rejects.toThrow(IncompleteDimensionsError);
  });

  it('has no change from or to days of which some are not known, and says how many are', async () => {
    const stock = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, day) => ({
        metric: STOCK,
        date: addDays(`2026-10-01`, from + day - 1),
        value: 800,
      }));
    await statistics.recordMany([...stock(8, 8), ...stock(15, 15), ...stock(18, 21)]);
    const lines = async (date: string) =>
      figures((await digests.digest({ metrics: [STOCK], period: Period.days(4), date })).text);
    expect(await lines('2026-10-21')).toEqual(['Stock: 3,200']);
    expect(await lines('2026-10-25')).toEqual(['Stock: not known']);
    expect(await lines('2026-10-24')).toEqual(['Stock: 800 (1 of 4 days)']);
    expect(await lines('2026-10-15')).toEqual(['Stock: 800 (1 of 4 days)']);
  });

  it('writes a name of two lines on one', async () => {
    await statistics.recordMany([{ metric: TWO_LINES, date: '2026-10-30', value: 1 }]);
    const { text } = await digests.digest({ metrics: [TWO_LINES], period: Period.DAY });
    expect(figures(text)).toEqual(['Two lines: 1']);
  });

  it('tells of an object by another name', async () => {
    const entry = { metric: ORDERS, object: objectRef('customer', 1), name: 'Orders of Ada' };
    const { text } = await digests.digest({ metrics: [entry], period: Period.CALENDAR_WEEK });
    expect(figures(text)).toEqual(['Orders of Ada: 1,540 (▲ +47% from 1,050)']);
  });

  it('has a subject, a text with a course, and the same in HTML with colours of better and worse', async () => {
    const { subject, text, html } = await digests.digest({
      metrics: [ORDERS, REFUNDS],
      period: Period.CALENDAR_WEEK,
      title: 'Our shop',
      url: 'https://example.org/statistics?a=1&b=2',
    });
    expect(subject.replace(/\s/g, ' ')).toBe('Our shop: Oct 19 – 25, 2026');
    expect(text).toContain('▆▇▇▇▇██');
    expect(text).toMatch(/https:\/\/example\.org\/statistics\?a=1&b=2\n$/);
    expect(html).toContain('href="https://example.org/statistics?a=1&amp;b=2"');
    expect(html).toMatch(/>154<.*class="ts-good"[^>]*>▲ \+47% from 105</s);
    expect(html).toMatch(/>€231<.*class="ts-bad"[^>]*>▲ \+47% from €157.50</s);
  });

  it('draws one bar for each day, as high as its value', async () => {
    const { html } = await digests.digest({ metrics: [ORDERS], period: Period.CALENDAR_WEEK });
    const heights = [...html.matchAll(/<td height="(\d+)"/g)].map(([, height]) => Number(height));
    expect(heights).toEqual([19, 20, 21, 22, 23, 24, 25].map((value) => Math.round((40 * value) / 25)));
  });

  it('has nothing that mail programs remove, and names nothing of another host', async () => {
    const { html } = await digests.digest({ metrics: [ORDERS, HOSTILE], period: Period.MONTH_TO_DATE });
    expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;');
    const elements = new Set([...html.matchAll(/<([a-z][\w-]*)/g)].map(([, name]) => name));
    expect([...elements].sort()).toEqual('body div h1 head html meta style table td title tr'.split(' '));
    expect(html).not.toMatch(/src=|url\(|https?:|@import|javascript:|position:|display:/);
    expect(html).toContain('<meta name="color-scheme" content="light dark">');
    const sheet = /<style>(.*)<\/style>/.exec(html)?.[1] ?? '';
    expect(sheet).toMatch(/^@media \(prefers-color-scheme:dark\)\{(\.ts-\w+\{[^{}]*!important\})+\}$/);
    // nesting is right: what is opened last is closed first
    const open: string[] = [];
    for (const [, end, name = ''] of html.matchAll(/<(\/?)([a-z]\w*)[^>]*>/g)) {
      if (name === 'meta') continue;
      if (end === '') open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  it('stays below the length at which Gmail cuts, with as many metrics as it takes', async () => {
    const long = 'é'.repeat(255);
    const metricsOf = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ metric: ORDERS, name: `${n} ${long}` }));
    for (const count of [5, 20, 50]) {
      const { html } = await digests.digest({ metrics: metricsOf(count), period: Period.MONTH_TO_DATE });
      expect(Buffer.byteLength(html)).toBeLessThanOrEqual(100_000);
      expect(html.match(/>465</g)).toHaveLength(count);
    }
  });

  it.each([
    ['no options', undefined, InvalidArgumentError, /Expected \{ metrics, period \}/],
    ['no metrics', { metrics: [] }, InvalidArgumentError, /1 to 50 metrics/],
    ['too many', { metrics: Array.from({ length: 51 }, () => ORDERS) }, InvalidArgumentError, /1 to 50 metrics/],
    ['an unknown key', { metrics: [{ metric: ORDERS, label: 'x' }] }, InvalidArgumentError, /metrics\.0\.label/],
    ['a name of two lines', { metrics: [{ metric: ORDERS, name: 'a\nb' }] }, InvalidArgumentError, /metrics\.0\.name/],
    ['all time', { period: Period.LIFETIME }, InvalidPeriodError, /another comes before/],
    ['hours', { period: Period.HOUR }, InvalidPeriodError, /another comes before/],
    ['a subject of two lines', { title: 'a\r\nBcc: b@example.org' }, InvalidArgumentError, /one line/],
    ['a subject with a separator of lines', { title: 'a\u2028b' }, InvalidArgumentError, /one line/],
    ['a subject with a vertical tab', { title: 'a\vb' }, InvalidArgumentError, /one line/],
    ['a subject with a next line', { title: 'a\u0085b' }, InvalidArgumentError, /one line/],
    ['a script as address', { url: 'javascript:alert(1)' }, InvalidArgumentError, /https:/],
    ['an unknown option', { to: 'a@example.org' }, InvalidArgumentError, /digest: to/],
    ['a metric that is not there', { metrics: ['mails/nothing'] }, UnknownMetricError, /mails\/nothing/],
  ])('refuses %s', async (_title, given, type, message) => {
    const options = given === undefined ? undefined : { metrics: [ORDERS], period: Period.WEEK, ...given };
    const call = digests.digest(options as never);
    await expect(call).rejects.toThrow(type);
    await expect(call).rejects.toThrow(message);
  });
});

it('needs the module', async () => {
  const module = Test.createTestingModule({ imports: [TrackstatsDigestModule] });
  await expect(module.compile()).rejects.toThrow(MissingModuleError);
});
