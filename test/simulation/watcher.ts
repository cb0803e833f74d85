// before the entities, whose columns have the type Date
import './virtual-time.js';
import { exactValue } from '../../lib/statistics/tables/exact-value.js';
import { Period } from '../../lib/time/period.js';
import { modelRows, shiftDate, type ModelRow, type ModelRows } from '../properties/model.js';
import { modelPeriod } from '../properties/payments.js';
import { AMOUNTS, MEMBERS, MODEL, PERIODS, TRACKER } from './shop.js';
import type { Actor, Statement, World } from './world.js';

interface StoredState {
  readonly owner: string | null;
  readonly fence: number;
  readonly until: number | null;
  readonly slot: number | null;
  readonly backfillFrom: string | null;
}

interface StoredRun {
  readonly id: number;
  readonly slot: number | null;
  readonly status: string;
  readonly fence: number;
}

interface StoredCoverage {
  readonly period: number;
  readonly from: string | null;
  readonly through: string | null;
  readonly computedAt: number | null;
}

interface Stored {
  readonly state: StoredState | null;
  readonly runs: readonly StoredRun[];
  readonly coverages: readonly StoredCoverage[];
  /** `period|date|object` → value */
  readonly values: ReadonlyMap<string, string | null>;
}

/** The table that only the tracker writes. */
const TABLE = 'statistic_by_date_and_object';
/** Before every payment. */
const FIRST_DATE = '2026-09-01';
const NOTHING: Stored = { state: null, runs: [], coverages: [], values: new Map() };

/** Looks at what is stored after each commit, and notes what must never be. */
export class Watcher {
  readonly problems: string[] = [];
  /** the source as the statistics may have it: as it is and, if they need not know of a change yet, as it was before */
  versions: readonly (readonly ModelRow[])[] = [];
  /**
   * 'rows': the stored rows are those of one version. 'values': what is read on each date is that of the newer version up
   * to some date, and that of the older one after it
   */
  compares: 'rows' | 'values' = 'rows';
  /** the periods of the tracker */
  periods: readonly Period[] = PERIODS;
  /** the processes by the owner of their leases */
  private readonly holders = new Map<string, Actor>();
  /** the processes by the fences of their leases */
  private readonly fenceHolders = new Map<number, Actor>();
  /** the fences under which statistics were committed */
  private readonly fencesWritten = new Set<number>();
  private readonly expected = new Map<string, ModelRows>();
  private before: Stored;

  constructor(
    private readonly world: World,
    private readonly lockAtMostFor: number,
  ) {
    this.before = this.read();
  }

  /**
   * Call it after each statement that has changed what others see.
   *
   * @param written the tables of statistics and coverages that its transaction has written
   */
  look({ connection: { actor }, text }: Statement, written: ReadonlySet<string>): void {
    const { before } = this;
    const after = this.read(written.size > 0 ? null : before);
    this.before = after;
    const note = (problem: string): void => {
      this.problems.push(`${problem} (${actor.name}: ${text.slice(0, 60)})`);
    };
    this.checkLease(before.state, after.state, actor, note);
    this.checkRuns(before, after, note);
    // a prune by a call removes rows without a lease, where no tracker writes them
    if (written.has(TABLE) && after.state !== null) {
      const owner = before.state?.owner ?? null;
      if (owner === null || this.holders.get(owner) !== actor) note('statistics were written without the lease');
      if (after.state.fence !== before.state?.fence) note('statistics were written under an older fence');
      this.fencesWritten.add(Number(before.state?.fence));
    }
    if (written.size === 0 || sameValues(before, after)) return;
    for (const problem of this.wrongValues(after)) note(problem);
  }

  /** Checks what is stored when everything has ended. */
  lookAtEnd(): void {
    const { state } = this.read();
    if (state !== null && state.until !== null && state.until > this.world.time.now + this.lockAtMostFor) {
      this.problems.push('the lease lasts for longer than it may');
    }
  }

  get stored(): Stored {
    return this.read();
  }

  private checkLease(
    before: StoredState | null,
    after: StoredState | null,
    actor: Actor,
    note: (problem: string) => void,
  ): void {
    if (after === null) return;
    const { now } = this.world.time;
    const [fence, slot] = [before?.fence ?? 0, before?.slot ?? 0];
    if (after.fence < fence) note('the fence went back');
    if ((after.slot ?? 0) < slot) note('the slot went back');
    if (after.until !== null && after.until > now + this.lockAtMostFor) note('the lease lasts for longer than it may');
    if (after.owner === null || after.owner === before?.owner) return;
    if (after.fence !== fence + 1) note('a lease was taken without a new fence');
    if (before !== null && before.until !== null && before.until > now) note('a lease was taken that was not free');
    const holder = before?.owner == null ? undefined : this.holders.get(before.owner);
    if (holder?.wasSilent === false) note(`${holder.name} was overtaken though it was never silent`);
    this.holders.set(after.owner, actor);
    this.fenceHolders.set(after.fence, actor);
  }

  private checkRuns(before: Stored, after: Stored, note: (problem: string) => void): void {
    const known = new Map(before.runs.map((run) => [run.id, run]));
    for (const run of after.runs) {
      const was = known.get(run.id)?.status ?? 'running';
      if (was !== run.status && was !== 'running') note(`a run that ${was} was then ${run.status}`);
      if (was === run.status || run.status !== 'succeeded') continue;
      if (after.state?.fence !== run.fence) note('a run succeeded under an older fence');
      if (run.slot === null) continue;
      const others = after.runs.filter(
        ({ id, slot, status }) => id < run.id && slot === run.slot && status === 'succeeded',
      );
      if (others.length > 0) note(`slot ${new Date(run.slot).toISOString()} was run twice`);
      if ((after.state?.slot ?? 0) < run.slot) note('a run succeeded, and its slot was not recorded');
    }
  }

  /** Runs of which the history does not say how they ended. */
  wrongHistory(): string[] {
    return this.read().runs.flatMap(({ id, status, fence }) => {
      const hasWritten = this.fencesWritten.has(fence);
      if (status === 'succeeded') return hasWritten ? [] : [`run ${id} succeeded, and has written nothing`];
      if (hasWritten) return [`run ${id} has written, and is ${status}`];
      // the lease of one that is stored as running has run out: the history shows it as lost
      const actor = this.fenceHolders.get(fence);
      return status === 'running' && actor?.wasSilent !== true
        ? [`run ${id} was not ended by ${String(actor?.name)}`]
        : [];
    });
  }

  /** What is not as a count over all rows has it, of the dates that are covered. */
  wrongValues(stored: Stored, versions = this.versions): string[] {
    if (this.compares === 'values') return this.otherValues(stored, versions);
    const found = versions.map((rows) => this.differences(stored, rows));
    if (found.some((differences) => differences.length === 0)) return [];
    return (found[0] ?? ['no version is known']).slice(0, 3);
  }

  private differences({ coverages, values }: Stored, rows: readonly ModelRow[]): string[] {
    const differences: string[] = [];
    for (const period of this.periods) {
      const name = Period.nameOf(period);
      const coverage = coverages.find((one) => one.period === period);
      const own = [...values].filter(([key]) => key.startsWith(`${period}|`));
      if (coverage?.from == null) {
        if (own.length > 0) differences.push(`${name} has rows, and covers nothing`);
        continue;
      }
      const { from, through, computedAt } = coverage;
      const isCovered = (date: string): boolean => date >= from && date <= (through ?? '9999');
      const expected = new Map(
        [...this.expectedOf(rows, period, Number(computedAt))].filter(([key]) => isCovered(key.slice(0, 10))),
      );
      for (const [key, value] of own) {
        const moment = key.slice(key.indexOf('|') + 1);
        if (!isCovered(moment.slice(0, 10))) {
          if (moment.slice(0, 10) > (through ?? '')) differences.push(`${name} ${moment} is stored, and not covered`);
          continue;
        }
        if (expected.get(moment) !== value) {
          differences.push(`${name} ${moment} is ${value}, and not ${expected.get(moment) ?? 'absent'}`);
        }
        expected.delete(moment);
      }
      for (const [moment, value] of expected) differences.push(`${name} ${moment} is absent, and not ${value}`);
    }
    return differences;
  }

  /** What is read on covered dates, and is not that of the newer version up to some date, and of the older one after it. */
  otherValues({ coverages, values }: Stored, versions: Watcher['versions']): string[] {
    const covered = coverages.filter(({ from }) => from !== null);
    if (covered.length === 0) return values.size === 0 ? [] : ['rows are stored, and nothing is covered'];
    const wrongOf = versions.map((rows) => {
      const wrong = new Map<string, string>();
      for (const { period, from, through, computedAt } of covered) {
        const expected = this.expectedOf(rows, period as Period, Number(computedAt));
        for (const id of MEMBERS) {
          let [stored, wanted]: (string | null)[] = [null, null];
          for (let date = FIRST_DATE; date <= String(through); date = shiftDate(date, 1)) {
            if (period === Period.DAY) [stored, wanted] = [null, null];
            stored = values.get(`${period}|${date}|${id}`) ?? stored;
            wanted = expected.get(`${date}|${id}`) ?? wanted;
            if (date < String(from) || stored === wanted) continue;
            wrong.set(date, `${Period.nameOf(period as Period)} ${date} of ${id} is ${stored}, and not ${wanted}`);
          }
        }
      }
      return wrong;
    });
    const [newer = new Map<string, string>(), older = newer] = wrongOf;
    // the last date that is as the newer version has it, and all before it
    const firstWrong = [...newer.keys()].sort()[0] ?? '9999';
    const after = [...older.keys()].filter((date) => date >= firstWrong).sort()[0];
    return after === undefined ? [] : [older.get(after) ?? '', newer.get(firstWrong) ?? ''];
  }

  private expectedOf(rows: readonly ModelRow[], period: Period, now: number): ModelRows {
    const id = `${this.idOf(rows)} ${period} ${now}`;
    let expected = this.expected.get(id);
    if (expected === undefined) {
      expected = modelRows(rows, MODEL, modelPeriod(period, 'monday'), now);
      this.expected.set(id, expected);
    }
    return expected;
  }

  private readonly texts = new Map<unknown, string | null>();

  private textOf(value: unknown): string | null {
    let text = this.texts.get(value);
    if (text === undefined) this.texts.set(value, (text = exactValue(value)));
    return text;
  }

  private readonly ids = new Map<readonly ModelRow[], number>();

  private idOf(rows: readonly ModelRow[]): number {
    const id = this.ids.get(rows) ?? this.ids.size;
    this.ids.set(rows, id);
    return id;
  }

  /** @param before what was stored before, if statistics and coverages have not changed since; null if they may have */
  private read(before: Stored | null = null): Stored {
    const { outside } = this.world.options.database;
    const [state = null] = outside.rows<StoredState>(
      'SELECT owner, fence, until, slot, backfill_from AS backfillFrom FROM trackstats_tracker WHERE name = ?',
      TRACKER,
    );
    if (state === null) return NOTHING;
    const runs = outside.rows<StoredRun>(
      'SELECT id, slot, status, fence FROM trackstats_run WHERE tracker = ? ORDER BY id',
      TRACKER,
    );
    if (before !== null) return { ...before, state, runs };
    const coverages = outside.rows<StoredCoverage>(
      `SELECT c.period, c.from_date AS "from", c.through_date AS through, c.computed_at AS computedAt
FROM trackstats_coverage c JOIN trackstats_metric m ON m.id = c.metric_id WHERE m.ref = ?`,
      AMOUNTS.ref,
    );
    const rows = outside.rows<{ period: number; date: string; object_id: string; value: unknown }>(
      `SELECT s.period, s.date, s.object_id, s.value FROM trackstats_statistic_by_date_and_object s
JOIN trackstats_metric m ON m.id = s.metric_id WHERE m.ref = ?`,
      AMOUNTS.ref,
    );
    const values = new Map(
      rows.map((row) => [`${row.period}|${row.date}|${row.object_id}`, this.textOf(row.value)] as const),
    );
    return { state, runs, coverages, values };
  }
}

function sameValues(a: Stored, b: Stored): boolean {
  if (a.values.size !== b.values.size || JSON.stringify(a.coverages) !== JSON.stringify(b.coverages)) return false;
  return [...a.values].every(([key, value]) => b.values.get(key) === value);
}
