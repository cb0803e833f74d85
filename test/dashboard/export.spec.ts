import { parse } from 'csv-parse/sync';
import { exportRows, toCsv, toJsonLines } from '../../lib/dashboard/page/metric/export.js';
import type { ShownSeries } from '../../lib/dashboard/page/metric/metric.data.js';
import fc from '../support/fast-check.js';

function line(part: Partial<ShownSeries>): ShownSeries {
  return {
    id: 'revenue',
    metric: 'shopping/revenue',
    label: 'Revenue',
    values: [1, null],
    exact: ['1.10', null],
    complete: [true, false],
    ...part,
  };
}

function rowsOf(part: Partial<ShownSeries>): ReturnType<typeof exportRows> {
  return exportRows({ period: 'DAY', dates: ['2026-10-30', '2026-10-31'], lines: [line(part)], compared: null });
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
    const lines = [line({ before: [2, 3], exactBefore: ['2.00', '3.00'] })];
    const compared = { dates: ['2026-10-28', '2026-10-29'] };
    const shown = { period: 'DAY', dates: ['2026-10-30', '2026-10-31'], lines, compared };
    expect(exportRows(shown)[1]).toMatchObject({ before_date: '2026-10-29', before_value: '3.00' });
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
