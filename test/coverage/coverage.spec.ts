import { areCounted } from '../../lib/coverage/coverage.check.js';
import { type CoveredDates, cutCoverage, intersectCoverages, joinCoverages } from '../../lib/coverage/coverage.js';
import type { LocalDate } from '../../lib/time/local-date.js';
import { Period } from '../../lib/time/period.js';

function covered(from: LocalDate, through: LocalDate | null, fingerprint = 'a'): CoveredDates {
  return { from, through, fingerprint, timeZone: 'UTC', kind: 'count', computedAt: null };
}

describe('joinCoverages', () => {
  it.each<[string, CoveredDates, CoveredDates, LocalDate | null, string]>([
    ['that adjoin', covered('2026-01-01', '2026-01-31'), covered('2026-02-01', '2026-02-10', 'b'), '2026-02-10', 'b'],
    ['that overlap', covered('2026-01-01', '2026-01-31'), covered('2026-01-15', '2026-01-20', 'b'), '2026-01-31', 'a'],
    ['of which one is open', covered('2026-01-01', null), covered('2026-02-01', '2026-02-10', 'b'), null, 'a'],
  ])('joins ranges %s', (_, stored, given, through, fingerprint) => {
    expect(joinCoverages(stored, given)).toEqual(covered('2026-01-01', through, fingerprint));
  });

  it('refuses a gap, other days and other kinds', () => {
    const january = covered('2026-01-01', '2026-01-31');
    expect(joinCoverages(january, covered('2026-02-02', '2026-02-10'))).toBe('gap');
    expect(joinCoverages(covered('2026-02-02', '2026-02-10'), january)).toBe('gap');
    expect(joinCoverages(january, { ...january, timeZone: 'Europe/Paris' })).toBe('different');
    expect(joinCoverages(january, { ...january, kind: 'sum' })).toBe('different');
  });
});

describe('cutCoverage', () => {
  const days = { ...covered('2026-01-01', '2026-01-31'), period: Period.DAY };

  it('keeps the days of a range', () => {
    expect(cutCoverage(days, { from: '2026-01-10', to: '2026-01-20' })).toEqual({
      ...days,
      from: '2026-01-10',
      through: '2026-01-20',
    });
    expect(cutCoverage(days, { from: null, to: null })).toEqual(days);
    expect(cutCoverage(days, { from: '2026-02-01', to: null })).toBeNull();
  });

  it('keeps nothing of values that need earlier rows, or of increments cut at their end', () => {
    expect(cutCoverage({ ...days, period: Period.LIFETIME }, { from: '2026-01-10', to: null })).toBeNull();
    expect(cutCoverage({ ...days, period: Period.LIFETIME }, { from: null, to: '2026-01-10' })).not.toBeNull();
    expect(cutCoverage({ ...days, through: null }, { from: null, to: '2026-01-10' })).toBeNull();
  });
});

describe('intersectCoverages', () => {
  it('gives the dates that all have', () => {
    expect(intersectCoverages([covered('2026-01-01', '2026-01-31'), covered('2026-01-10', '2026-01-30')])).toEqual({
      from: '2026-01-10',
      through: '2026-01-30',
    });
  });

  it('gives nothing where one has no dates yet', () => {
    expect(intersectCoverages([covered('2026-01-01', '2026-01-31'), { ...days(), from: null }])).toBeNull();
  });
});

function days(): CoveredDates {
  return covered('2026-01-01', '2026-01-31');
}

it('has no coverages of increments to lock where a tracker computes all', () => {
  const stored = { ...covered('2026-01-01', '2026-01-31'), metricId: 1, period: Period.DAY, scope: '' };
  for (const coverages of [[], [{ ...stored, isWhole: true, drift: [] }]]) {
    expect(areCounted(null as never, coverages)).toBeNull();
  }
});
