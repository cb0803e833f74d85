import { defineMetric, objectRef, Period } from 'nestjs-trackstats';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, Flights, ORDERS, OrdersByRegion, setup, type Setup, SHOP, VISITS } from '../statistics/setup.js';
import { HOSTILE_IDS } from './hostile-ids.js';
import { exported, transferOf } from './setup.js';

const PLAIN = defineMetric({ domain: SHOP, ref: 'plain' });

describeOnEachDatabase('TransferService.export', (database) => {
  let shop: Setup;
  beforeEach(async () => {
    shop = await setup(database);
  });

  it('writes totals as CSV: natural keys, names, periods by name, exact decimals', async () => {
    await shop.statistics.recordMany([
      { metric: ORDERS, date: '2026-01-02', value: '9007199254740993.10' },
      { metric: ORDERS, date: '2026-01-01', value: -5 },
      { metric: ORDERS, date: '2026-01-03', value: null },
      { metric: ORDERS, date: '2026-01-02', period: Period.LIFETIME, value: 7 },
      { metric: ORDERS, date: '2026-01-01', period: Period.CALENDAR_MONTH, value: '0.00000000000000000001' },
      { metric: ORDERS, date: '2026-01-01', period: Period.days(90), value: 1n },
      { metric: VISITS, date: '2025-01-01', value: 3 },
    ]);
    expect(await exported(transferOf(shop), {}, 'csv')).toBe(
      `metric,domain_name,metric_name,period,date,value
shop/orders,Shop,Orders,CALENDAR_MONTH,2026-01-01,0.00000000000000000001
shop/orders,Shop,Orders,LIFETIME,2026-01-02,7
shop/orders,Shop,Orders,DAY,2026-01-01,-5
shop/orders,Shop,Orders,DAY,2026-01-02,9007199254740993.1
shop/orders,Shop,Orders,DAY,2026-01-03,
shop/orders,Shop,Orders,DAYS_90,2026-01-01,1
shop/visits,Shop,visits,DAY,2025-01-01,3
`,
    );
  });

  it('writes units: of each metric in JSON Lines, and as a column of CSV where a metric has one', async () => {
    await shop.metrics.register({ domain: ORDERS.domain, ref: 'orders', unit: { currency: 'EUR' }, better: 'up' });
    await shop.metrics.register({ domain: VISITS.domain, ref: 'visits', unit: '=1+1', gauge: true });
    await shop.statistics.recordMany([
      { metric: ORDERS, date: '2026-01-01', value: 1 },
      { metric: VISITS, date: '2026-01-01', value: 2 },
      { metric: PLAIN, date: '2026-01-01', value: 3 },
    ]);
    expect(await exported(transferOf(shop), {}, 'csv')).toBe(
      `metric,domain_name,metric_name,unit,period,date,value
shop/orders,Shop,orders,currency:EUR,DAY,2026-01-01,1
shop/plain,Shop,plain,,DAY,2026-01-01,3
shop/visits,Shop,visits,'=1+1,DAY,2026-01-01,2
`,
    );
    expect(await exported(transferOf(shop), { metric: PLAIN }, 'csv')).toMatch(
      /^metric,domain_name,metric_name,period,/,
    );
    const lines = (await exported(transferOf(shop), {}, 'jsonl')).split('\n');
    expect(lines.filter((line) => line.includes('"record":"metric"'))).toEqual([
      '{"record":"metric","metric":"shop/orders","domain_name":"Shop","name":"orders","description":null,"unit":{"currency":"EUR"},"better":"up"}',
      '{"record":"metric","metric":"shop/plain","domain_name":"Shop","name":"plain","description":null}',
      '{"record":"metric","metric":"shop/visits","domain_name":"Shop","name":"visits","description":null,"unit":"=1+1","gauge":true}',
    ]);
  });

  it('writes JSON Lines with descriptions and coverage before the values', async () => {
    await shop.metrics.register({ domain: ORDERS.domain, ref: 'orders', name: 'Orders', description: 'Paid\nones' });
    await cover(shop, {
      from: '2026-01-01',
      through: '2026-01-31',
      timeZone: 'Europe/Paris',
      computedAt: '1767225600000',
    });
    await shop.statistics.recordMany([
      { metric: VISITS, date: '2026-01-01', value: '1.5', object: objectRef('page', 'x') },
      { metric: VISITS, date: '2026-01-01', value: null },
    ]);
    expect(await exported(transferOf(shop), { domain: 'shop' }, 'jsonl')).toBe(
      [
        '{"record":"header","format":"nestjs-trackstats","version":1}',
        '{"record":"metric","metric":"shop/orders","domain_name":"Shop","name":"Orders","description":"Paid\\nones"}',
        '{"record":"coverage","metric":"shop/orders","period":"DAY","scope":"","from":"2026-01-01","through":"2026-01-31","time_zone":"Europe/Paris","kind":"count","fingerprint":"test","computed_at":"2026-01-01T00:00:00.000Z"}',
        '{"record":"metric","metric":"shop/visits","domain_name":"Shop","name":"visits","description":null}',
        '{"metric":"shop/visits","period":"DAY","date":"2026-01-01","value":null}',
        '',
      ].join('\n'),
    );
    expect(await exported(transferOf(shop), { metric: VISITS, objects: 'all' }, 'jsonl')).toContain(
      '{"metric":"shop/visits","period":"DAY","date":"2026-01-01","object":{"type":"page","id":"x"},"value":"1.5"}\n',
    );
  });

  it('gives objects in the order of their bytes, and defuses what a spreadsheet would run', async () => {
    await shop.statistics.recordMany(
      HOSTILE_IDS.map((id) => ({ metric: ORDERS, date: '2026-01-01', value: 1, object: objectRef('page', id) })),
    );
    const lines = await exported(transferOf(shop), { objects: 'all' }, 'jsonl');
    const ids = lines
      .split('\n')
      .filter((line) => line.includes('"object"'))
      .map((line) => (JSON.parse(line) as { object: { id: string } }).object.id);
    const byBytes = [...HOSTILE_IDS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(ids).toEqual(byBytes);

    const csv = await exported(transferOf(shop), { objects: 'all' }, 'csv');
    expect(csv).toContain(`,page,'=cmd|' /C calc'!A0,1\n`);
    expect(csv).toContain(`,page,'' =1+1,1\n`.replace(`''`, `'`));
    expect(csv).toContain(`,page,"'\r=1",1\n`);
    expect(csv).toContain(`,page,'''twice,1\n`);
    expect(csv).toContain(`,page,'-1,1\n`);
    expect(csv).toContain(`,page,'＝1,1\n`);
  });

  it('defuses refs and names too: both may begin with what starts a formula', async () => {
    await shop.metrics.register({
      domain: await shop.domains.register({ ref: '-1', name: '=HYPERLINK("x")' }),
      ref: '2',
    });
    await shop.statistics.record({ metric: '-1/2', date: '2026-01-01', value: 1 });
    expect(await exported(transferOf(shop), {}, 'csv')).toContain(`'-1/2,"'=HYPERLINK(""x"")",2,DAY,2026-01-01,1\n`);
  });

  it('tells NULL dimensions from empty ones, in both formats', async () => {
    const flight = { from: '', to: null, order: null, object: null, booked: null };
    await shop.statistics.recordMany([
      { metric: ORDERS, date: '2026-01-01', value: 1, entity: Flights, dimensions: flight },
      {
        metric: ORDERS,
        date: '2026-01-01',
        value: 2,
        entity: Flights,
        dimensions: { from: '', to: '', order: -3, object: false, booked: '2026-02-03' },
      },
    ]);
    expect(await exported(transferOf(shop), { metric: ORDERS, entity: Flights }, 'csv')).toBe(
      `metric,domain_name,metric_name,period,date,flights.from,flights.to,flights.order,flights.object,flights.booked,value
shop/orders,Shop,Orders,DAY,2026-01-01,',',-3,false,2026-02-03,2
shop/orders,Shop,Orders,DAY,2026-01-01,',,,,,1
`,
    );
    const lines = (await exported(transferOf(shop), { metric: ORDERS, entity: Flights }, 'jsonl')).split('\n');
    expect(lines[0]).toContain('"statistic":"flights"');
    expect(lines[3]).toContain('"dimensions":{"from":"","to":null,"order":null,"object":null,"booked":null}');
  });

  it('takes along what the filter names, and no more', async () => {
    await shop.statistics.recordMany([
      { metric: ORDERS, date: '2026-01-01', value: 1 },
      { metric: ORDERS, date: '2026-01-02', value: 2 },
      { metric: ORDERS, date: '2026-01-02', period: Period.LIFETIME, value: 3 },
      { metric: VISITS, date: '2026-01-02', value: 4 },
      { metric: ORDERS, date: '2026-01-02', value: 5, object: objectRef('page', 'a') },
      { metric: ORDERS, date: '2026-01-02', value: 6, object: objectRef('customer', '1') },
      {
        metric: ORDERS,
        date: '2026-01-02',
        value: 7,
        entity: OrdersByRegion,
        dimensions: { country: 'NL', province: null },
      },
      {
        metric: ORDERS,
        date: '2026-01-02',
        value: 8,
        entity: OrdersByRegion,
        dimensions: { country: 'BE', province: null },
      },
    ]);
    const transfer = transferOf(shop);
    const values = async (filter: Parameters<typeof transfer.export>[0]): Promise<string[]> =>
      (await exported(transfer, filter, 'csv')).match(/(?<=,)\d(?=\n)/g) ?? [];
    expect(await values({})).toEqual(['3', '1', '2', '4']);
    expect(await values({ metric: ORDERS, period: Period.DAY, to: '2026-01-01' })).toEqual(['1']);
    expect(await values({ metrics: [VISITS, ORDERS, ORDERS], period: [Period.DAY], from: '2026-01-02' })).toEqual([
      '2',
      '4',
    ]);
    expect(await values({ metrics: [] })).toEqual([]);
    expect(await values({ period: [] })).toEqual([]);
    expect(await values({ objects: 'all' })).toEqual(['6', '5']);
    expect(await values({ objectType: 'page' })).toEqual(['5']);
    expect(await values({ object: objectRef('customer', 1) })).toEqual(['6']);
    expect(await exported(transfer, { entity: OrdersByRegion, dimensions: { country: ['NL'] } }, 'csv')).toMatch(
      /NL,,7\n$/,
    );
  });

  it('reads pages as they are taken, each row once', async () => {
    const many = Array.from({ length: 12_345 }, (_, id) => ({
      metric: ORDERS,
      date: id % 3 === 0 ? '2026-01-01' : '2026-01-02',
      value: id,
      object: objectRef(id % 2 === 0 ? 'page' : 'customer', String(id)),
    }));
    await shop.statistics.recordMany(many);
    let reads = 0;
    const read = shop.database.read.bind(shop.database);
    shop.database.read = (work) => {
      reads++;
      return read(work);
    };
    const stream = await transferOf(shop).export({ objects: 'all' }, { format: 'jsonl' });
    const chunks = stream.iterator({ destroyOnReturn: false });
    let text = String((await chunks.next()).value);
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    const readAhead = reads;
    for await (const chunk of chunks) text += String(chunk);
    expect(readAhead).toBeLessThan(reads);
    const values = [...text.matchAll(/"value":"(\d+)"/g)].map(([, value]) => Number(value));
    expect(values.length).toBe(many.length);
    expect([...values].sort((a, b) => a - b)).toEqual(many.map(({ value }) => value));
  });

  it('says what is wrong before the stream begins', async () => {
    const transfer = transferOf(shop);
    await expect(transfer.export({}, { format: 'xml' as never })).rejects.toThrow(/"xml".*'csv'.*'jsonl'/);
    await expect(transfer.export({ metric: 'shop/ordres' }, { format: 'csv' })).rejects.toThrow('Unknown metric');
    await expect(transfer.export({ domain: 'shpo' }, { format: 'csv' })).rejects.toThrow('Unknown domain');
    await expect(transfer.export({ domain: undefined }, { format: 'csv' })).rejects.toThrow('every domain');
    await expect(transfer.export({ domain: 'shop', metric: ORDERS } as never, { format: 'csv' })).rejects.toThrow(
      'is given together',
    );
    await expect(transfer.export({ period: 7 as never }, { format: 'csv' })).rejects.toThrow('period');
    await shop.metrics.register(ORDERS);
    const beyond = { period: Period.CALENDAR_WEEK, from: new Date('+010000-01-01T00:00:00Z') };
    await expect(transfer.export(beyond, { format: 'csv' })).rejects.toThrow('10000');
    await expect(transfer.export({ from: '2026-02-30' }, { format: 'csv' })).rejects.toThrow('2026-02-30');
  });
});
