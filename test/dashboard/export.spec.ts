import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { toMetric } from '../../lib/dashboard/page/address.js';
import { exportRows, toCsv, toJsonLines } from '../../lib/dashboard/page/export.js';
import type { ShownSeries } from '../../lib/dashboard/page/metric.data.js';
import type { ChosenScope } from '../../lib/dashboard/page/metric.scope.js';

const DAY: ChosenScope = {
  scope: { by: '', label: 'Total', query: {}, periods: [] },
  period: { name: 'DAY', coverage: null, computedAt: null },
};
const ADDRESS = toMetric('shopping/revenue');

function line(part: Partial<ShownSeries>): ShownSeries {
  return { label: 'Value', values: [1, null], exact: ['1.10', null], complete: [true, false], ...part };
}

function rowsOf(part: Partial<ShownSeries>): ReturnType<typeof exportRows> {
  return exportRows(ADDRESS, DAY, {
    dates: ['2026-10-30', '2026-10-31'],
    lines: [line(part)],
    before: null,
    asOf: null,
  });
}

describe('what is exported', () => {
  it('has natural keys, exact decimals, and says which dates were not over', () => {
    expect(rowsOf({})).toEqual([
      { metric: 'shopping/revenue', period: 'DAY', date: '2026-10-30', value: '1.10', complete: true },
      { metric: 'shopping/revenue', period: 'DAY', date: '2026-10-31', value: null, complete: false },
    ]);
  });

  it('has the object and its name, or the dimensions', () => {
    const object = { type: 'customer', id: '7', label: 'Ada' };
    expect(rowsOf({ object, label: 'Ada' })[0]).toMatchObject({
      object_type: 'customer',
      object_id: '7',
      label: 'Ada',
    });
    expect(rowsOf({ dimensions: { country: 'NL', date: null } })[0]).toMatchObject({
      'dimension.country': 'NL',
      'dimension.date': null,
      date: '2026-10-30',
    });
  });

  it('has the range before beside it', () => {
    const before = { dates: ['2026-10-28', '2026-10-29'], lines: [line({ exact: ['2.00', '3.00'] })] };
    const shown = { dates: ['2026-10-30', '2026-10-31'], lines: [line({})], before, asOf: null };
    expect(exportRows(ADDRESS, DAY, shown)[1]).toMatchObject({ before_date: '2026-10-29', before_value: '3.00' });
  });

  it('is CSV that comes back as it was, whatever a name holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (label) => {
        const object = { type: 'customer', id: label, label };
        const [row] = parse(toCsv(rowsOf({ object, label })), { columns: true, record_delimiter: '\r\n' });
        const defused = /^[=+\-@\t\r]/.test(label) && !/^-?\d+(\.\d+)?$/.test(label) ? `'${label}` : label;
        expect(row).toMatchObject({ object_id: defused, label: defused, value: '1.10' });
      }),
    );
  });

  it.each(['=1+1', '+cmd', '-2+3', '@SUM(A1)', '\tx', '\rx'])('defuses %j, which a spreadsheet would run', (label) => {
    const text = toCsv(rowsOf({ object: { type: 'c', id: '1', label }, label }));
    expect(text).toContain(`'${label}`);
  });

  it('leaves negative numbers numbers', () => {
    expect(toCsv(rowsOf({ exact: ['-5.25', null] }))).toContain(',-5.25,');
  });

  it('is JSON Lines', () => {
    const lines = toJsonLines(rowsOf({})).trimEnd().split('\n');
    expect(lines.map((text) => (JSON.parse(text) as { date: string }).date)).toEqual(['2026-10-30', '2026-10-31']);
  });
});
