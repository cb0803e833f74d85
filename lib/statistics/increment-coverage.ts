import { byText } from '../catalog/order.js';
import type { Database } from '../database/database.js';
import type { Work } from '../database/work.js';
import { MixedWritesError } from '../errors/statistic.error.js';
import { Period } from '../time/period.js';
import { coverageIn, type StoredCoverage } from './coverage.query.js';
import { coverIncrements } from './coverage.store.js';
import type { Outcomes, Placed } from './increment.query.js';
import { coverageScopes } from './scope-filter.js';
import { hasRows } from './write-guard.js';

/** Makes sure that the dates of increments are covered, and gives those that may be added. */
export function* coverPlaced(
  database: Database,
  placed: readonly Placed[],
  coverages: readonly StoredCoverage[],
  outcomes: Outcomes,
): Work<readonly Placed[]> {
  const groups = new Map<string, Placed[]>();
  for (const one of placed) {
    const { metric, period, table, cell } = one.row;
    const id = JSON.stringify([metric.id, period, coverageScopes(table, cell).at(-1)]);
    groups.set(id, [...(groups.get(id) ?? []), one]);
  }
  const covered: Placed[] = [];
  for (const id of [...groups.keys()].sort(byText)) {
    const group = groups.get(id) ?? [];
    const [first] = group;
    if (first === undefined) continue;
    const { metric, period, table, cell } = first.row;
    const coverage = coverageIn(coverages, metric, period, coverageScopes(table, cell));
    if (coverage === null && (yield* hasRows(database, metric, period, table, cell))) {
      const problem = new MixedWritesError('increment', metric.key, Period.nameOf(period));
      for (const { place } of group) outcomes[place] = problem;
      continue;
    }
    const from = group.map(({ row }) => row.date).sort(byText)[0] as string;
    if (coverage === null || coverage.from === null || from < coverage.from) {
      yield* coverIncrements(database, first.row, from, first.timeZone);
    }
    covered.push(...group);
  }
  return covered;
}
