import { addDecimals } from '../../lib/database/decimal.js';
import { fillSeries, type SeriesCoverage, type SeriesSpec } from '../../lib/statistics/read/series.js';
import { type StoredSum, sumSeriesParts } from '../../lib/statistics/read/series-sums.js';
import { addDays, type LocalDate } from '../../lib/time/local-date.js';
import { Period } from '../../lib/time/period.js';
import fc from '../support/fast-check.js';

const FIRST = '2026-02-20';
const day = (number: number): LocalDate => addDays(FIRST, number);
const number = fc.integer({ min: 0, max: 40 });

const coverages = fc.option(
  fc
    .record({
      from: number,
      length: fc.option(number),
      computedAt: fc.option(number),
      kind: fc.constantFrom('count', 'sum', 'increment'),
    })
    .map(({ from, length, computedAt, kind }): SeriesCoverage => ({
      from: day(from),
      through: length === null ? null : day(from + length),
      kind,
      timeZone: 'UTC',
      computedAt: computedAt === null ? null : new Date(`${day(computedAt)}T12:00:00Z`),
    })),
);

/** The sums of the rows, as a database returns them. */
function storedSums(dates: readonly LocalDate[], values: ReadonlyMap<LocalDate, string>, size: number) {
  const stored = new Map<number, StoredSum>();
  for (let place = 0; place < dates.length; place += size) {
    const known = dates.slice(place, place + size).filter((date) => values.has(date));
    const [first, last] = [known.at(0), known.at(-1)];
    if (first === undefined || last === undefined) continue;
    const sum = known.map((date) => values.get(date) ?? '').reduce(addDecimals);
    stored.set(place, { count: known.length, sum, first, last });
  }
  return stored;
}

describe('the sums of a series', () => {
  it('are those of its points, in parts', () => {
    let told = 0;
    fc.assert(
      fc.property(
        coverages,
        number,
        number,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.tuple(number, fc.constantFrom('0', '1', '-2.5', '7'))),
        (coverage, today, from, length, size, rows) => {
          const spec: SeriesSpec = {
            period: Period.DAY,
            weekStart: 'monday',
            today: day(today),
            coverage,
            fill: 'period',
          };
          const dates = Array.from({ length }, (_, place) => day(from + place));
          const values = new Map(rows.map(([place, value]) => [day(place), value]));
          const ordered = [...values]
            .map(([date, value]) => ({ date, value }))
            .sort((a, b) => (a.date < b.date ? -1 : 1));
          const points = fillSeries(
            spec,
            dates,
            ordered.filter(({ date }) => date >= day(from)),
          );
          const sums = sumSeriesParts(spec, dates, size, storedSums(dates, values, size));
          if (sums === null) {
            // only where a value is stored of a date that is not covered
            const end = coverage?.through ?? day(today);
            const isOutside = (date: LocalDate): boolean =>
              date < (coverage?.from ?? '') || date > end || date > day(today);
            expect(dates.some((date) => values.has(date) && isOutside(date))).toBe(true);
            return;
          }
          told++;
          expect(sums.isComplete).toBe(points.every(({ complete }) => complete));
          expect(sums.parts).toHaveLength(Math.ceil(length / size));
          for (const [part, found] of sums.parts.entries()) {
            const known = points.slice(part * size, (part + 1) * size).filter(({ value }) => value !== null);
            expect(found).toEqual({
              known: known.length,
              sum: known.length === 0 ? null : known.map(({ value }) => value ?? '').reduce(addDecimals),
              isOpen: known.some(({ complete }) => !complete),
            });
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(told).toBeGreaterThan(500);
  });
});
