import { objectRef, Period } from 'nestjs-trackstats';
import { type ExportFilter, ImportRefusedError, type TransferFormat } from 'nestjs-trackstats/transfer';
import { defineRatio } from '../../lib/catalog/derived.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { checkExport } from '../../lib/transfer/export/export-filter.js';
import { exportPlan } from '../../lib/transfer/export/export-plan.js';
import { exportPages } from '../../lib/transfer/export/export-text.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, ORDERS, OrdersByRegion, SHOP, VISITS } from '../statistics/setup.js';
import { OrdersByRegionAndTime, timeSetup, type TimeSetup } from '../statistics/time-setup.js';
import { HOSTILE_IDS } from './hostile-ids.js';
import { exported, transferOf } from './setup.js';

const { HOUR } = Period;
const BERLIN = 'Europe/Berlin';
const HEADER = '{"record":"header","format":"nestjs-trackstats","version":1}';
const METRIC = '{"record":"metric","metric":"shop/orders","domain_name":"Shop","name":"Orders","description":null}';
const PER_VISIT = defineRatio({ domain: SHOP, ref: 'orders_per_visit', of: ORDERS, per: VISITS });

const coverage = (zone: string, period: string, from: string, through: string, scope = ''): string =>
  `{"record":"coverage","metric":"shop/orders","period":"${period}","scope":"${scope}","from":"${from}","through":"${through}",` +
  `"time_zone":"${zone}","kind":"count","fingerprint":"test","computed_at":"2026-10-25T12:00:00.000Z"}`;
const value = (period: string, date: string, start: string, amount: string, rest = ''): string =>
  `{"metric":"shop/orders","period":"${period}","date":"${date}","start":"${start}",${rest}"value":"${amount}"}`;
const textOf = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');

/** Written here without the library: the starts of buckets as the clock of each zone shows them. */
const FILES: Readonly<Record<string, string>> = {
  'the hour that is there twice, beside days': textOf(
    HEADER,
    METRIC,
    coverage(BERLIN, 'HOUR', '2026-10-24', '2026-10-25'),
    coverage(BERLIN, 'DAY', '2026-10-24', '2026-10-25'),
    value('MINUTES_15', '2026-10-25', '2026-10-25T02:45:00+02:00', '1'),
    value('MINUTES_15', '2026-10-25', '2026-10-25T02:00:00+01:00', '9007199254740993.10000000000000000001'),
    value('HOUR', '2026-10-24', '2026-10-24T23:00:00+02:00', '2'),
    value('HOUR', '2026-10-25', '2026-10-25T02:00:00+02:00', '3'),
    value('HOUR', '2026-10-25', '2026-10-25T02:00:00+01:00', '4'),
    value('HOUR', '2026-10-25', '2026-10-25T03:00:00+01:00', '5'),
    '{"metric":"shop/orders","period":"DAY","date":"2026-10-25","value":"12"}',
  ),
  'a half hour that is a bucket of its own': textOf(
    HEADER,
    METRIC,
    coverage('Australia/Lord_Howe', 'HOUR', '2026-04-04', '2026-04-05'),
    value('HOUR', '2026-04-05', '2026-04-05T01:00:00+11:00', '1'),
    value('HOUR', '2026-04-05', '2026-04-05T01:30:00+10:30', '2'),
    value('HOUR', '2026-04-05', '2026-04-05T02:00:00+10:30', '3'),
  ),
  // 44 minutes and 30 seconds behind UTC, which ISO 8601 cannot write
  'a zone with seconds': textOf(
    HEADER,
    METRIC,
    coverage('Africa/Monrovia', 'HOUR', '1972-01-05', '1972-01-06'),
    value('HOUR', '1972-01-05', '1972-01-05T23:44:30Z', '1'),
    value('HOUR', '1972-01-06', '1972-01-06T00:44:30Z', '2'),
  ),
};

describeOnEachDatabase('hours and minutes on their way between databases', (database) => {
  let shop: TimeSetup;
  const transfer = () => transferOf(shop);
  const load = async (text: string, format: TransferFormat = 'jsonl') => transfer().import([text], { format });
  const problemsOf = async (text: string, format: TransferFormat = 'jsonl'): Promise<string[]> => {
    const refused: unknown = await load(text, format).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ImportRefusedError);
    return (refused as ImportRefusedError).problems.map(({ line, reason }) => `${line}: ${reason}`);
  };

  beforeEach(async () => {
    shop = await timeSetup(database, 'UTC', () => new Date('2026-10-25T12:00:00Z'));
  });

  it.each(Object.entries(FILES))('%s comes back byte for byte', async (_, text) => {
    await load(text);
    expect(await exported(transfer(), { metric: ORDERS }, 'jsonl')).toBe(text);
    const csv = await exported(transfer(), { metric: ORDERS }, 'csv');
    // CSV has no coverage, so that the buckets are those of the module's zone
    shop = await timeSetup(database, 'UTC', () => new Date('2026-10-25T12:00:00Z'));
    await load(
      text
        .split('\n')
        .filter((line) => !line.startsWith('{"metric"'))
        .join('\n'),
    );
    await load(csv, 'csv');
    expect(await exported(transfer(), { metric: ORDERS }, 'csv')).toBe(csv);
  });

  it('CSV has a column for the start, where there is something of less than a day', async () => {
    await load(FILES['the hour that is there twice, beside days'] ?? '');
    expect(await exported(transfer(), { metric: ORDERS, from: '2026-10-25' }, 'csv')).toBe(
      `metric,domain_name,metric_name,period,date,start,value
shop/orders,Shop,Orders,MINUTES_15,2026-10-25,2026-10-25T02:45:00+02:00,1
shop/orders,Shop,Orders,MINUTES_15,2026-10-25,2026-10-25T02:00:00+01:00,9007199254740993.10000000000000000001
shop/orders,Shop,Orders,HOUR,2026-10-25,2026-10-25T02:00:00+02:00,3
shop/orders,Shop,Orders,HOUR,2026-10-25,2026-10-25T02:00:00+01:00,4
shop/orders,Shop,Orders,HOUR,2026-10-25,2026-10-25T03:00:00+01:00,5
shop/orders,Shop,Orders,DAY,2026-10-25,,12
`,
    );
    expect(await exported(transfer(), { period: Period.DAY }, 'csv')).toBe(
      'metric,domain_name,metric_name,period,date,value\nshop/orders,Shop,Orders,DAY,2026-10-25,12\n',
    );
    // the start alone says which bucket it is
    await load('metric,period,start,value\nshop/orders,hour,2026-10-25T05:00:00Z,7\n', 'csv');
    const six = await exported(transfer(), { period: HOUR, from: new Date('2026-10-25T04:00:00Z') }, 'csv');
    expect(six.split('\n')[1]).toBe('shop/orders,Shop,Orders,HOUR,2026-10-25,2026-10-25T06:00:00+01:00,7');
  });

  it('objects and dimensions come back, in an order that is the same everywhere', async () => {
    const bytes = (text: string): Buffer => Buffer.from(text);
    const ids = [...HOSTILE_IDS].sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
    for (const at of ['2026-10-25T00:10:00Z', '2026-10-25T01:10:00Z']) {
      await shop.calls.recordMany(
        ids.map((id, value) => ({ metric: ORDERS, period: HOUR, at, value, object: objectRef('page', id) })),
      );
      await shop.calls.recordMany(
        ids.map((country, shelf) => ({
          ...{ metric: ORDERS, period: HOUR, at, value: shelf, entity: OrdersByRegionAndTime },
          dimensions: { country, shelf: shelf % 2 === 0 ? null : shelf },
        })),
      );
    }
    await shop.calls.record({ metric: ORDERS, date: '2026-10-25', value: 1, object: objectRef('page', 'a') });
    for (const format of ['csv', 'jsonl'] as const) {
      const filters = [{ objects: 'all' as const }, { entity: OrdersByRegionAndTime }];
      const texts = [];
      for (const filter of filters) texts.push(await exported(transfer(), filter as ExportFilter, format));
      const here = shop;
      shop = await timeSetup(database, 'UTC', () => new Date('2026-10-25T12:00:00Z'));
      for (const text of texts) await load(text, format);
      for (const [place, filter] of filters.entries()) {
        expect(await exported(transfer(), filter as ExportFilter, format)).toBe(texts[place]);
      }
      const lines = (texts[0] ?? '').split('\n').filter((line) => line.includes('HOUR'));
      expect(lines).toHaveLength(2 * ids.length);
      expect(lines[0]).toContain('2026-10-25T00:00:00+00:00');
      shop = here;
    }
  });

  it('small pages hold each row once and in order, a bucket at a time and one in parts', async () => {
    const ids = ['a', 'A', 'b', 'é', 'z'];
    const starts = ['2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z', '2026-10-25T05:00:00Z'];
    // of the second bucket there are more than fit into a page
    const rows = starts.flatMap((at, place) => ids.slice(0, [1, 5, 2][place]).map((id) => ({ at, id })));
    await shop.calls.recordMany(
      rows.map(({ at, id }, place) => ({
        metric: ORDERS,
        period: HOUR,
        at,
        value: place,
        object: objectRef('page', id),
      })),
    );
    const types = new ObjectTypes(new DataSources(shop.dataSource, () => []));
    const options = { timeZone: 'UTC', weekStart: 'monday' as const };
    const context = { database: shop.database, objectTypes: types, owners: shop.owners, options };
    const checked = checkExport(context, { metric: ORDERS, objects: 'all' });
    const plan = await shop.database.read(() => exportPlan(context, checked, new Date('2026-11-01T00:00:00Z')));
    const bytes = ({ at, id }: { at: string; id: string }): Buffer => Buffer.from(`${at} ${id}`);
    const expected = [...rows].sort((a, b) => Buffer.compare(bytes(a), bytes(b))).map(({ at, id }) => `${at} ${id}`);
    for (const sizes of [
      { dates: 3, ofDate: 2 },
      { dates: 1, ofDate: 1 },
      { dates: 7, ofDate: 5 },
    ]) {
      const found: string[] = [];
      for await (const page of exportPages(shop.database, plan, sizes)) {
        expect(page.rows.length).toBeLessThanOrEqual(Math.max(sizes.dates, sizes.ofDate));
        found.push(
          ...page.rows.map(({ start, cell }) => `${start?.replace('+00:00', 'Z') ?? ''} ${cell['objectId'] ?? ''}`),
        );
      }
      expect(found).toEqual(expected);
    }
  });

  it('a range cuts rows by start and coverage by the days that it has as a whole', async () => {
    await load(FILES['the hour that is there twice, beside days'] ?? '');
    const rowsOf = async (filter: object): Promise<string[]> =>
      (await exported(transfer(), { metric: ORDERS, ...filter }, 'jsonl'))
        .split('\n')
        .filter((line) => line !== '')
        .slice(2)
        .map((line) => {
          const { record, from, through, start, date } = JSON.parse(line) as Record<string, string>;
          return record === 'coverage' ? `${from} to ${through}` : (start ?? date ?? '');
        });
    expect(await rowsOf({ period: HOUR, date: '2026-10-24' })).toEqual([
      '2026-10-24 to 2026-10-24',
      '2026-10-24T23:00:00+02:00',
    ]);
    expect(await rowsOf({ period: HOUR, from: new Date('2026-10-24T22:30:00Z') })).toEqual([
      '2026-10-25 to 2026-10-25',
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T03:00:00+01:00',
    ]);
    // half a day is not complete
    expect(
      await rowsOf({ period: HOUR, from: new Date('2026-10-25T00:30:00Z'), to: new Date('2026-10-25T00:59:00Z') }),
    ).toEqual(['2026-10-25T02:00:00+02:00']);
    // of every period, 27 days up to November 20; of one of them, so many hours
    expect((await rowsOf({ last: 27 })).slice(0, 3)).toEqual([
      '2026-10-25 to 2026-10-25',
      '2026-10-25 to 2026-10-25',
      '2026-10-25T02:45:00+02:00',
    ]);
    expect(await rowsOf({ period: HOUR, last: 635 })).toEqual(['2026-10-25T03:00:00+01:00']);
  });

  it('a derived metric is computed by hour', async () => {
    await shop.metrics.register(ORDERS);
    await cover(shop, { period: HOUR, timeZone: BERLIN, from: '2026-10-25', through: '2026-10-25' });
    const at = (hour: number): Date => new Date(Date.UTC(2026, 9, 25, hour));
    await shop.calls.recordMany([
      { metric: VISITS, period: HOUR, at: at(0), value: 4 },
      { metric: VISITS, period: HOUR, at: at(1), value: 8 },
    ]);
    await load(
      textOf(
        HEADER,
        METRIC,
        value('HOUR', '2026-10-25', '2026-10-25T02:00:00+02:00', '1'),
        value('HOUR', '2026-10-25', '2026-10-25T02:00:00+01:00', '2'),
      ),
    );
    const text = await exported(transfer(), { metric: PER_VISIT, period: HOUR }, 'csv');
    expect(text).toBe(
      `metric,domain_name,metric_name,period,date,start,value
shop/orders_per_visit,Shop,orders_per_visit,HOUR,2026-10-25,2026-10-25T02:00:00+02:00,0.25
shop/orders_per_visit,Shop,orders_per_visit,HOUR,2026-10-25,2026-10-25T02:00:00+01:00,0.25
`,
    );
  });

  it('what is no bucket, or of another table, is refused with its line', async () => {
    const start = '2026-10-25T02:00:00+02:00';
    const problems = await problemsOf(
      textOf(
        HEADER,
        METRIC,
        '{"metric":"shop/orders","period":"HOUR","date":"2026-10-25","value":"1"}',
        value('HOUR', '2026-10-25', '2026-10-25T02:00:00', '1'),
        value('HOUR', '2026-10-25', '2026-10-25T02:00:00.5Z', '1'),
        value('DAY', '2026-10-25', start, '1'),
        value('MINUTES_7', '2026-10-25', start, '1'),
      ),
    );
    expect(problems).toEqual([
      expect.stringMatching(/^3: .*stored under the first instant of its bucket: give it as start/),
      expect.stringMatching(/^4: .*text with an offset/),
      expect.stringMatching(/^5: .*a whole second/),
      expect.stringMatching(/^6: .*DAY has a date and no start/),
      expect.stringMatching(/^7: .*expected one of 1, 5, 10/),
    ]);
    const covered = [HEADER, METRIC, coverage('Asia/Kathmandu', 'HOUR', '2026-10-25', '2026-10-25')];
    const within = await problemsOf(
      textOf(
        ...covered,
        value('HOUR', '2026-10-25', '2026-10-25T02:00:00+05:45', '1'),
        value('HOUR', '2026-10-25', '2026-10-25T02:00:00+05:00', '1'),
        value('HOUR', '2026-10-24', '2026-10-25T03:00:00+05:45', '1'),
      ),
    );
    expect(within).toEqual([
      '5: start is 2026-10-25T02:45:00+05:45, which is within a bucket of HOUR in Asia/Kathmandu. It begins at 2026-10-25T02:00:00+05:45. Import the coverage of the metric too, or set the time zone of the module, if these are buckets of another zone.',
      '6: date is 2026-10-24, and start is on 2026-10-25 in Asia/Kathmandu.',
    ]);
    expect(await exported(transfer(), {}, 'jsonl')).not.toContain('"period"');
    const asked = { entity: OrdersByRegion, period: HOUR } as never as ExportFilter;
    await expect(transfer().export(asked, { format: 'csv' })).rejects.toThrow(
      /entity is OrdersByRegion, and period is HOUR/,
    );
    expect(
      await problemsOf(
        'metric,period,start,orders_by_region.country,orders_by_region.province,value\nshop/orders,HOUR,2026-10-25T00:00:00Z,NL,,1\n',
        'csv',
      ),
    ).toEqual([expect.stringMatching(/^2: entity is OrdersByRegion, and period is HOUR/)]);
  });
});
