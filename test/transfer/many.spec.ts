import { setImmediate } from 'node:timers/promises';
import { TooManyValuesError } from '../../lib/errors/database.error.js';
import { Domain } from '../../lib/catalog/domain.entity.js';
import { Metric } from '../../lib/catalog/metric.entity.js';
import { DataSources } from '../../lib/database/data-sources.js';
import { objectRef } from '../../lib/statistics/filter/object-target.js';
import { ObjectTypes } from '../../lib/statistics/filter/object-types.js';
import { checkExport } from '../../lib/transfer/export/export-filter.js';
import { exportPlan } from '../../lib/transfer/export/export-plan.js';
import { importText, linesOf } from '../../lib/transfer/import/import-text.js';
import { ImportRefusedError } from '../../lib/transfer/index.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { cover, NOW, ORDERS, setup, SHOP } from '../statistics/setup.js';
import { transferOf } from './setup.js';

describeOnEachDatabase('more metrics, or objects, than a driver binds', (database) => {
  it('can be exported', async () => {
    const s = await setup(database);
    await s.metrics.register(ORDERS);
    await cover(s, { from: '2026-01-01', through: '2026-01-31' });
    const [{ id: domainId }] = (await s.dataSource.getRepository(Domain).find()) as [Domain];
    // one more than PostgreSQL's protocol has room for; SQLite takes 32,766
    const number = database.kind === 'sqlite' ? 32_767 : 65_536;
    const metric = s.database.table(Metric);
    for (let from = 1; from < number; from += 5_000) {
      const rows = Array.from({ length: Math.min(5_000, number - from) }, (_, place) => {
        const ref = `m${String(from + place).padStart(6, '0')}`;
        return `(${String(domainId)}, '${ref}', '${ref}')`;
      });
      const [domain, ref, name] = ['domain.id', 'ref', 'name'].map((property) => metric.column(property).sql);
      await s.dataSource.query(`INSERT INTO ${metric.path.sql} (${domain}, ${ref}, ${name}) VALUES ${rows.join(', ')}`);
    }
    const objectTypes = new ObjectTypes(new DataSources(s.dataSource, () => []));
    const options = { timeZone: 'UTC', weekStart: 'monday' as const };
    const context = { database: s.database, objectTypes, owners: s.owners, options };
    for (const filter of [{}, { domain: SHOP }]) {
      const plan = await s.database.read(() => exportPlan(context, checkExport(context, filter), NOW));
      expect(plan.metrics).toHaveLength(number);
      expect(plan.metrics.flatMap(({ coverages }) => coverages)).toHaveLength(1);
    }
  }, 60_000);

  it('are refused in one read, with what to do', async () => {
    const s = await setup(database);
    await s.metrics.register(ORDERS);
    const objects = Array.from({ length: 70_000 }, (_, id) => objectRef('customer', id));
    const read = s.statistics.find({ metric: ORDERS, objects });
    await expect(read).rejects.toThrow(TooManyValuesError);
    await expect(read).rejects.toThrow(/7000[0-9] bound values.*Name fewer/);
    expect(await s.statistics.find({ metric: ORDERS, objects: objects.slice(0, 25_000) })).toEqual([]);
  });

  it('an import from memory lets the event loop turn', async () => {
    const s = await setup(database);
    const transfer = transferOf(s);
    const header = '{"record":"header","format":"nestjs-trackstats","version":1}\n';
    for (const text of [
      Array.from({ length: 50_000 }, (_, n) => `{"broken": ${String(n)}\n`),
      [Array.from({ length: 50_000 }, (_, n) => `{"broken": ${String(n)}\n`).join('')],
      ['\n'.repeat(200_000)],
    ]) {
      let [turns, isOver] = [0, false];
      const watched = (async () => {
        for (; !isOver; turns++) await setImmediate();
      })();
      const refused = transfer.import([header, ...text, '{'], { format: 'jsonl' }).finally(() => (isOver = true));
      await expect(refused).rejects.toThrow(ImportRefusedError);
      await watched;
      expect(turns).toBeGreaterThan(50);
    }
  });
});

describe('the lines of a text', () => {
  async function linesIn(pieces: readonly string[]): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of linesOf(importText(pieces))) lines.push(line);
    return lines;
  }

  it.each([
    [
      ['a\nb', 'c\n\nd'],
      ['a', 'bc', '', 'd'],
    ],
    [['\n'], ['']],
    [['a\n'], ['a']],
    [['', 'a', '', '\n', ''], ['a']],
    [[], []],
  ])('%j are %j', async (pieces, lines) => {
    expect(await linesIn(pieces)).toEqual(lines);
  });

  it('take time by their length, in however many pieces they come', async () => {
    const pieces = Array.from({ length: 500_000 }, () => 'x');
    // looked through again for each piece it would be 125 billion characters
    const [line, ...others] = await linesIn(pieces);
    expect([line?.length, others]).toEqual([500_000, []]);
  }, 60_000);
});
