import { AnnotationRecord, prepareAnnotationTable } from '../../lib/annotations/annotation.entity.js';
import { emptied, ENTITIES, services, type Setup } from '../statistics/setup.js';
import { describeOnEachDatabase } from '../support/databases.js';
import type { ImportRefusedError, TransferService } from '../../lib/transfer/index.js';
import { textOf, transferOf } from './setup.js';

const HEADER = '{"record":"header","format":"nestjs-trackstats","version":1}';
/** Written here without the library: what every database must give back, byte for byte. */
const ALL = [
  HEADER,
  '{"record":"annotation","date":"0001-01-01","at":null,"text":"First","domain":"shop","domain_name":"The shop","key":"k"}',
  '{"record":"annotation","date":"2026-10-01","at":null,"text":"Same","domain":null,"key":null}',
  '{"record":"annotation","date":"2026-10-01","at":null,"text":"Same","domain":"blog","domain_name":"blog","key":"1"}',
  '{"record":"annotation","date":"2026-10-01","at":null,"text":"Same","domain":"blog","domain_name":"blog","key":"2"}',
  '{"record":"annotation","date":"2026-10-01","at":null,"text":"Same","domain":"shop","domain_name":"The shop","key":null}',
  '{"record":"annotation","date":"2026-10-01","at":"2026-10-01T23:59:59.999Z","text":"\\u0001 \\"<b>\\"\\n\u{1f600}","domain":null,"key":null}',
  '{"record":"annotation","date":"2026-10-31","at":null,"text":"Last","domain":null,"key":null}',
].map((line) => `${line}\n`);

describeOnEachDatabase('annotations', (database) => {
  let shop: Setup;
  let transfer: TransferService;
  beforeEach(async () => {
    shop = await services(await emptied(database, [...ENTITIES, AnnotationRecord] as never));
    await prepareAnnotationTable(shop.database);
    transfer = transferOf(shop);
  });

  it('are exported and imported, byte for byte, and once however often', async () => {
    // an id depends on the id of its domain, and may not decide the order
    await transfer.import([HEADER, '\n', ...ALL.slice(1).reverse()], { format: 'jsonl' });
    const again = await transfer.import(ALL, { format: 'jsonl' });
    expect(again).toEqual({ rows: 0, coverages: 0, annotations: 7, createdMetrics: [] });
    expect(await textOf(await transfer.exportAnnotations())).toBe(ALL.join(''));
    const some = await transfer.exportAnnotations({ domain: 'shop', to: '2026-10-01' });
    const own = ALL.filter((line) => !line.includes('blog') && !line.includes('Last'));
    expect(await textOf(some)).toBe(own.join(''));
  });

  it('are in a file with statistics, and all or nothing', async () => {
    const value = '{"metric":"shop/orders","period":"DAY","date":"2026-10-01","value":"1"}\n';
    const file = (...lines: string[]): string[] => [`${HEADER}\n`, value, ...lines];
    const bad = [
      '{"record":"annotation","date":"2026-02-30","text":"a"}',
      '{"record":"annotation","text":"a"}',
      '{"record":"annotation","date":"2026-10-01","text":""}',
      '{"record":"annotation","date":"2026-10-01","text":"a","domain":"a b"}',
      '{"record":"annotation","at":"yesterday","text":"a"}',
    ].map((line) => `${line}\n`);
    const refused: unknown = await transfer.import(file(...bad), { format: 'jsonl' }).catch((error: unknown) => error);
    expect((refused as ImportRefusedError).problems).toMatchObject([
      { line: 3, reason: expect.stringContaining('2026-02-30') },
      { line: 4, reason: expect.stringContaining('undefined') },
      { line: 5, reason: expect.stringContaining('text is ""') },
      { line: 6, reason: expect.stringContaining('Invalid ref') },
      { line: 7, reason: expect.stringContaining('yesterday') },
    ]);
    expect(await shop.statistics.annotations()).toEqual([]);
    const result = await transfer.import(file('{"record":"annotation","date":"2026-10-01","text":" a "}'), {
      format: 'jsonl',
    });
    expect(result).toMatchObject({ rows: 1, annotations: 1 });
    expect(await shop.statistics.annotations()).toMatchObject([{ text: 'a', domain: null, key: null }]);
  });

  it('of an instant have their date in the time zone of the application that imports them', async () => {
    const tokyo = transferOf(shop, { timeZone: 'Asia/Tokyo' });
    await tokyo.import([ALL[0] ?? '', ALL[6] ?? ''], { format: 'jsonl' });
    expect(await shop.statistics.annotations()).toMatchObject([
      { date: '2026-10-02', at: new Date('2026-10-01T23:59:59.999Z') },
    ]);
  });
});
