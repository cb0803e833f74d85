import { Readable } from 'node:stream';
import { objectRef, Period, StatisticByDateAndObject, TrackerOwnedError } from 'nestjs-trackstats';
import {
  type ExportFilter,
  ImportRefusedError,
  NotUtf8Error,
  type TransferFormat,
  type TransferService,
} from 'nestjs-trackstats/transfer';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, Flights, ORDERS, OrdersByRegion, setup, type Setup, VISITS } from '../statistics/setup.js';
import fc from '../support/fast-check.js';
import { HOSTILE_IDS } from './hostile-ids.js';
import { exported, transferOf } from './setup.js';

const HEADER = '{"record":"header","format":"nestjs-trackstats","version":1}';
const CSV = 'metric,period,date,value';

function lines(...all: string[]): string[] {
  return [all.map((line) => `${line}\n`).join('')];
}

/** What an import is refused for. */
async function problemsOf(
  transfer: TransferService,
  text: string[],
  format: TransferFormat,
): Promise<[number, string][]> {
  const refused: unknown = await transfer.import(text, { format }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ImportRefusedError);
  return (refused as ImportRefusedError).problems.map(({ line, reason }) => [line, reason]);
}

describeOnEachDatabase('TransferService.import', (database) => {
  let shop: Setup;
  let transfer: TransferService;
  beforeEach(async () => {
    shop = await setup(database);
    transfer = transferOf(shop);
  });

  it.each(['csv', 'jsonl'] as const)('brings back what was exported as %s, byte for byte', async (format) => {
    await shop.metrics.register({
      domain: ORDERS.domain,
      ref: 'orders',
      name: '=1+1',
      description: 'Paid\r\n"ones"',
      unit: { currency: 'EUR' },
      better: 'up',
    });
    await shop.metrics.register({ domain: VISITS.domain, ref: 'visits', unit: "'=x", gauge: true });
    await shop.statistics.recordMany([
      { metric: ORDERS, date: '2026-01-01', value: '123456789012345678901234567890.12345678901234567891' },
      { metric: ORDERS, date: '2026-01-02', value: null },
      { metric: ORDERS, date: '2026-01-01', period: Period.CALENDAR_YEAR, value: '-0.1' },
      { metric: VISITS, date: '0001-01-01', period: Period.LIFETIME, value: 9007199254740993n },
      ...HOSTILE_IDS.map((id, value) => ({
        metric: VISITS,
        date: '2026-01-01',
        value,
        object: objectRef('=page', id),
      })),
      ...HOSTILE_IDS.map((country, value) => ({
        metric: VISITS,
        date: '2026-01-01',
        value,
        entity: OrdersByRegion,
        dimensions: { country, province: value % 2 === 0 ? null : country },
      })),
    ]);
    await shop.statistics.recordMany(
      [null, ''].flatMap((to) =>
        [null, true, false].map((object) => ({
          metric: VISITS,
          date: '9999-12-31',
          value: 1,
          entity: Flights,
          dimensions: { from: 'null', to, order: null, object, booked: object === true ? '2026-01-01' : null },
        })),
      ),
    );
    await cover(shop, {
      from: '2026-01-01',
      through: '2026-01-02',
      computedAt: '1767225600123',
      timeZone: 'Asia/Kathmandu',
    });
    await cover(shop, { from: '2025-01-01', through: null, scope: 'objects:=page', kind: 'increment' });
    const filters: ExportFilter[] = [{}, { objects: 'all' }, { entity: OrdersByRegion }, { entity: Flights }];
    const texts = await Promise.all(filters.map((filter) => exported(transfer, filter, format)));

    await setup(database);
    const results = [];
    for (const text of texts) results.push(await transfer.import(Readable.from([text]), { format }));
    expect(await Promise.all(filters.map((filter) => exported(transfer, filter, format)))).toEqual(texts);
    expect(results.map(({ rows }) => rows)).toEqual([4, HOSTILE_IDS.length, HOSTILE_IDS.length, 6]);
    expect(results[0]?.createdMetrics).toEqual(['shop/orders', 'shop/visits']);
    expect(results[1]?.createdMetrics).toEqual([]);
    if (format === 'jsonl') expect(results.map(({ coverages }) => coverages)).toEqual([1, 1, 0, 0]);

    // and once more, onto itself
    for (const text of texts) await transfer.import([text], { format });
    expect(await Promise.all(filters.map((filter) => exported(transfer, filter, format)))).toEqual(texts);
  });

  it('takes files that were put together, and input cut at any byte', async () => {
    await shop.statistics.recordMany([
      { metric: ORDERS, date: '2026-01-01', value: 1 },
      { metric: ORDERS, date: '2026-01-01', value: 2, object: objectRef('page', '\u{1f600}é') },
      {
        metric: ORDERS,
        date: '2026-01-01',
        value: 3,
        entity: OrdersByRegion,
        dimensions: { country: 'é', province: null },
      },
    ]);
    const filters: ExportFilter[] = [{}, { entity: OrdersByRegion }, { objects: 'all' }];
    const texts = await Promise.all(filters.map((filter) => exported(transfer, filter, 'jsonl')));
    await setup(database);
    const bytes = Buffer.from(`\uFEFF${texts.join('\n')}`);
    const pieces = Array.from(bytes, (_, place) => bytes.subarray(place, place + 1));
    expect(await transfer.import(pieces, { format: 'jsonl' })).toMatchObject({ rows: 3 });
    expect(await Promise.all(filters.map((filter) => exported(transfer, filter, 'jsonl')))).toEqual(texts);
  });

  it('is an upsert, in which the last of several rows with one key counts', async () => {
    await shop.metrics.register({ domain: ORDERS.domain, ref: 'orders', name: 'Kept' });
    await shop.statistics.recordMany([
      { metric: ORDERS, date: '2026-01-01', value: 1 },
      { metric: ORDERS, date: '2026-01-02', value: 2 },
    ]);
    const text = lines(
      `${CSV},metric_name`,
      'shop/orders,day,2026-01-02,5,Other',
      'shop/orders,86400,2026-01-02,1e3,Other',
    );
    expect(await transfer.import(text, { format: 'csv' })).toEqual({
      rows: 2,
      coverages: 0,
      annotations: 0,
      createdMetrics: [],
    });
    const rows = await shop.statistics.find({ metric: ORDERS });
    expect(rows.map(({ date, value }) => [date, value])).toEqual([
      ['2026-01-01', 1],
      ['2026-01-02', 1000],
    ]);
    expect((await shop.metrics.resolve(ORDERS)).name).toBe('Kept');
  });

  it('creates domains and metrics with their names, or their refs where there are none', async () => {
    await transfer.import(
      lines(`${CSV},domain_name,metric_name`, 'a/b,DAY,2026-01-01,,A,', 'a/c,DAY,2026-01-01,1,,=C'),
      {
        format: 'csv',
      },
    );
    const metrics = await shop.metrics.list();
    expect(metrics.map(({ key, name, domain }) => [key, name, domain.name])).toEqual([
      ['a/b', 'b', 'A'],
      ['a/c', '=C', 'A'],
    ]);
  });

  it('reads what a spreadsheet saved: a byte order mark, CRLF, no end of the last line', async () => {
    await transfer.import([`\uFEFF${CSV}\r\nshop/orders,DAY,2026-01-01,1\r\n\r\nshop/orders,DAY,2026-01-02,'-2`], {
      format: 'csv',
    });
    const rows = await shop.statistics.find({ metric: ORDERS });
    expect(rows.map(({ value }) => value)).toEqual([1, -2]);
  });

  it('names the line and the reason of every bad row of a CSV file, and writes nothing', async () => {
    const text = lines(
      'metric,period,date,object_type,object_id,value',
      'shop/orders,DAY,2026-01-01,page,"a\nb",1', // lines 2 and 3
      'shop/orders,DAY,2026-02-30,page,a,1',
      '',
      'shop,DAY,2026-01-01,page,a,1',
      'shop/orders,YEAR,2026-01-01,page,a,1',
      'shop/orders,CALENDAR_MONTH,2026-01-02,page,a,1',
      'shop/orders,CALENDAR_WEEK,2026-01-04,page,a,1',
      'shop/orders,DAY,2026-01-01,page,,1',
      'shop/orders,DAY,2026-01-01,,a,1',
      'shop/orders,DAY,2026-01-01,page,a,NaN',
      'shop/orders,DAY,2026-01-01,page,a,0.000000000000000000001',
      'shop/orders,DAY,2026-01-01,page,a\0,1',
      'shop/orders,DAY,2026-01-01,page,a',
      `shop/orders,DAY,2026-01-01,page,${'x'.repeat(256)},1`,
    );
    const problems = await problemsOf(transfer, text, 'csv');
    expect(problems.map(([line]) => line)).toEqual([4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    const reasons = [
      '2026-02-30',
      '"shop"',
      'YEAR',
      '2026-01-01',
      'weeks begin on monday',
      'no id',
      'object type',
      '"NaN"',
    ];
    reasons.push('20 after', 'NUL', '5 cells', '255');
    for (const [place, reason] of reasons.entries()) expect(problems[place]?.[1]).toContain(reason);
    expect(await shop.metrics.list()).toEqual([]);
    expect(await shop.dataSource.getRepository(StatisticByDateAndObject).count()).toBe(0);
  });

  it.each([
    [['shop/orders,DAY,2026-01-01,"a"b,1'], 2, 'Write it twice'],
    [['shop/orders,DAY,2026-01-01,1', 'shop/orders,DAY,"2026-01-01,1'], 3, 'not closed'],
    [['shop/orders,DAY,2026-01-01,1', 'shop/orders,DAY,2026"-01-01,1', 'x'], 3, 'in quotes'],
    [[`shop/orders,DAY,"${'x'.repeat(1 << 21)}`], 2, 'longer than'],
  ])('stops where quotes are wrong', async (rows, line, reason) => {
    const problems = await problemsOf(transfer, lines(CSV, ...rows), 'csv');
    expect(problems.at(-1)).toEqual([line, expect.stringContaining(reason)]);
  });

  it.each([
    [[''], 'empty'],
    [['metric,period,date'], 'lacks the columns value'],
    [[`${CSV},value`], 'twice'],
    [[`${CSV},object_id`], 'orders_by_region.country'],
    [[`${CSV},<b>`], '"<b>"'],
  ])('says what is wrong with a first line', async (text, reason) => {
    expect(await problemsOf(transfer, text, 'csv')).toEqual([[1, expect.stringContaining(reason)]]);
  });

  it('names the line and the reason of every bad line of JSON, and writes nothing', async () => {
    const text = lines(
      HEADER,
      '{"metric":"shop/orders","period":"DAY","date":"2026-01-01","value":1}',
      '{"metric":"shop/orders","period":"DAY","date":"2026-01-01"}',
      '{"metric":{"toString":1},"period":"DAY","date":"2026-01-01","value":null}',
      '{"metric":"shop/orders","period":{},"date":[],"value":"1"}',
      '["shop/orders"]',
      '',
      '{"record":"row"}',
      '{"metric":"shop/orders","period":"DAY","date":"2026-01-01","object":"x","value":"1"}',
      '{"metric":"shop/orders","period":"DAY","date":"2026-01-01","object":{"type":"page","id":"\\ud800"},"value":"1"}',
      '{"metric":"shop/orders","period":"DAY","date":"2026-01-01","dimensions":{},"value":"1"}',
      '{"record":"metric","metric":"shop/visits","name":["x"]}',
      '{"record":"metric","metric":"shop/visits","unit":{"currency":"ABC"}}',
      '{"record":"metric","metric":"shop/visits","unit":"a\\u001bb"}',
      '{"record":"metric","metric":"shop/visits","better":"left"}',
      '{"record":"metric","metric":"shop/visits","gauge":1}',
      '{"record":"coverage","metric":"shop/orders","period":"DAY","scope":"","from":"2026-01-02","through":"2026-01-01","time_zone":"UTC","kind":"count","fingerprint":"","computed_at":null}',
      '{"record":"coverage","metric":"shop/orders","period":"DAY","scope":"","from":"2026-01-02","through":"2026-01-03","time_zone":"Mars","kind":"count","fingerprint":"","computed_at":null}',
      `${HEADER.slice(0, -1)},"statistic":"orders_by_region"}`,
      '{"metric":"shop/orders","period":"DAY","date":"2026-01-01","dimensions":{"country":"NL"},"value":"1"}',
      '{"metric":"shop/orders","period":"DAY","date":"2026-01-01","dimensions":{"country":"NL","province":null,"__proto__":1},"value":"1"}',
      '{"metric":"shop/orders","period":"DAY","date":"2026-01-01","value":"1"}',
      `${HEADER.slice(0, -1)},"statistic":"order"}`,
      'not reached',
    );
    const problems = await problemsOf(transfer, text, 'jsonl');
    expect(problems.map(([line]) => line)).toEqual([
      2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 23,
    ]);
    expect(problems.slice(10, 14).map(([, reason]) => reason)).toEqual([
      `unit is "ABC". Expected the ISO 4217 code of a currency, as 'EUR'.`,
      expect.stringMatching(/^unit is "a\\u001bb". Expected 'percent'/),
      `better is "left". Expected 'up' or 'down'.`,
      'gauge is 1. Expected true or false.',
    ]);
    expect(problems.at(-1)?.[1]).toContain('orders_by_region');
    expect(await shop.metrics.list()).toEqual([]);
  });

  it.each([
    [[''], 'empty'],
    [['{"metric":"shop/orders","period":"DAY","date":"2026-01-01","value":"1"}'], 'Expected a header'],
    [['{"record":"header","format":"nestjs-trackstats","version":2}'], 'version 2'],
    [['metric,period,date,value\nshop/orders,DAY,2026-01-01,1\n'], 'Expected a header'],
    [[`{"x":"${'x'.repeat(1 << 21)}`], 'Expected a header'],
  ])('says what is wrong with a header', async (text, reason) => {
    expect(await problemsOf(transfer, text, 'jsonl')).toEqual([[1, expect.stringContaining(reason)]]);
  });

  it('keeps the first thousand problems and counts them all', async () => {
    const text = lines(CSV, ...Array.from({ length: 2345 }, () => 'shop/orders,DAY,never,1'));
    const refused: unknown = await transfer.import(text, { format: 'csv' }).catch((error: unknown) => error);
    expect((refused as ImportRefusedError).problems).toHaveLength(1000);
    expect((refused as ImportRefusedError).total).toBe(2345);
    expect((refused as ImportRefusedError).message).toMatch(/2345 rows.*\nline 2: .*never/);
  });

  it.each(['statistics.csv', `${CSV}\n`, Buffer.from(CSV)])(
    'refuses a path, and a text outside an array: %j',
    async (input) => {
      await expect(transfer.import(input as never, { format: 'csv' })).rejects.toMatchObject({
        code: 'TRACKSTATS_INVALID_ARGUMENT',
        message: expect.stringMatching(/import: input .*createReadStream\(path\).*\[content\]/),
      });
    },
  );

  it('refuses an input of anything but bytes and text', async () => {
    await expect(transfer.import([{ metric: 'a/b' }] as never, { format: 'csv' })).rejects.toThrow(
      'a piece of the input is an object with the keys ["metric"]. Expected bytes or text.',
    );
  });

  it('refuses what is not UTF-8, and passes on what the input fails with', async () => {
    await expect(transfer.import([Buffer.from([0x61, 0xff])], { format: 'csv' })).rejects.toThrow(NotUtf8Error);
    await expect(transfer.import([Buffer.from([0xc3])], { format: 'jsonl' })).rejects.toThrow(NotUtf8Error);
    const failing = Readable.from(
      (function* () {
        yield `${CSV}\nshop/orders,DAY,2026-01-01,1\n`;
        throw new Error('connection lost');
      })(),
    );
    await expect(transfer.import(failing, { format: 'csv' })).rejects.toThrow('connection lost');
    expect(await shop.metrics.list()).toEqual([]);
  });

  it('leaves what a tracker computes to it, unless told', async () => {
    shop.owners.own('shop/orders', [Period.DAY], 'objects:page', 'PageTracker');
    const text = lines('metric,period,date,object_type,object_id,value', 'shop/orders,DAY,2026-01-01,page,1,5');
    await expect(transfer.import(text, { format: 'csv' })).rejects.toThrow(TrackerOwnedError);
    await expect(transfer.import(text, { format: 'csv' })).rejects.toThrow('PageTracker');
    expect(await shop.metrics.list()).toEqual([]);
    expect(await transfer.import(text, { format: 'csv', force: true })).toMatchObject({ rows: 1 });
    const other = lines('metric,period,date,object_type,object_id,value', 'shop/orders,LIFETIME,2026-01-01,page,1,5');
    expect(await transfer.import(other, { format: 'csv' })).toMatchObject({ rows: 1 });
  });

  it('reads absent days as zero where the coverage came along', async () => {
    await shop.statistics.record({ metric: ORDERS, date: '2026-01-02', value: 4 });
    await cover(shop, { from: '2026-01-01', through: '2026-01-03' });
    const text = await exported(transfer, {}, 'jsonl');
    const cut = await exported(transfer, { from: '2026-01-02', to: '2026-01-02' }, 'jsonl');
    await setup(database);
    await transfer.import([cut], { format: 'jsonl' });
    expect(await shop.statistics.coverage({ metric: ORDERS })).toMatchObject({
      from: '2026-01-02',
      through: '2026-01-02',
    });
    await transfer.import([text], { format: 'jsonl' });
    const series = await shop.statistics.series({ metric: ORDERS, from: '2025-12-31', to: '2026-01-04' });
    expect(series.map(({ value }) => value)).toEqual([null, 0, 4, 0, null]);
  });

  it('joins coverages that touch, and refuses others with their line', async () => {
    await shop.metrics.register(ORDERS);
    await cover(shop, { from: '2026-01-10', through: '2026-01-20', fingerprint: 'stored', computedAt: '1000' });
    const coverage = (from: string, through: string, more = {}): string =>
      JSON.stringify({
        ...{ record: 'coverage', metric: 'shop/orders', period: 'DAY', scope: '', from, through, time_zone: 'UTC' },
        ...{ kind: 'count', fingerprint: 'given', computed_at: '2026-01-01T00:00:00.000Z', ...more },
      });
    const put = (json: string) => transfer.import(lines(HEADER, json), { format: 'jsonl' });
    const stored = () => shop.dataSource.getRepository(Coverage).findOneByOrFail({ scope: '' });
    await put(coverage('2026-01-01', '2026-01-09'));
    expect(await stored()).toMatchObject({ from: '2026-01-01', through: '2026-01-20', fingerprint: 'stored' });
    await put(coverage('2026-01-21', '2026-01-25'));
    expect(await stored()).toMatchObject({ from: '2026-01-01', through: '2026-01-25', fingerprint: 'given' });
    for (const wrong of [
      coverage('2026-01-27', '2026-01-28'),
      coverage('2025-01-01', '2025-12-30'),
      coverage('2026-01-01', '2026-01-25', { time_zone: 'Europe/Paris' }),
      coverage('2026-01-01', '2026-01-25', { kind: 'sum' }),
    ]) {
      const problems = await problemsOf(transfer, lines(HEADER, wrong), 'jsonl');
      expect(problems).toEqual([[2, expect.stringContaining('is covered from 2026-01-01')]]);
    }
    expect(await stored()).toMatchObject({ from: '2026-01-01', through: '2026-01-25' });
  });

  it('keeps any ids, names and values, whatever they are', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).map((raw) => raw.replace(/\0|\p{Surrogate}/gu, ''));
    const id = fc
      .tuple(fc.constantFrom('', "'", '=', '"', '\r', '\n', ',', ' ', '\\'), text)
      .map(([a, b]) => `${a}${b}x`);
    const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat({ max: 10 ** 9 }));
    const row = fc.record({
      id,
      date: fc.integer({ min: 0, max: 3650 }).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
      value: fc.option(decimal.map(([whole, rest]) => `${String(whole)}.${String(rest)}`)),
    });
    await fc.assert(
      fc.asyncProperty(text, fc.array(row, { minLength: 1, maxLength: 20 }), async (name, rows) => {
        await setup(database);
        await shop.metrics.register({ domain: ORDERS.domain, ref: 'orders', name });
        await shop.statistics.recordMany(
          rows.map(({ id, date, value }) => ({ metric: 'shop/orders', date, value, object: objectRef('page', id) })),
        );
        const [csv, json] = await Promise.all(
          (['csv', 'jsonl'] as const).map((f) => exported(transfer, { objects: 'all' }, f)),
        );
        for (const [text, format] of [
          [csv!, 'csv'],
          [json!, 'jsonl'],
        ] as const) {
          await setup(database);
          await transfer.import([text], { format });
          expect(await exported(transfer, { objects: 'all' }, format)).toBe(text);
        }
      }),
      { numRuns: 15 },
    );
  });
});
