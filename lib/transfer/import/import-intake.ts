import { Spool } from '../../database/spool.js';
import type { ImportProblem } from '../../errors/transfer.error.js';
import { TrackstatsError } from '../../errors/trackstats.error.js';
import type { StatisticContext, StatisticTable } from '../../statistics/index.js';
import type { LocalDate } from '../../time/local-date.js';
import type { Period } from '../../time/period.js';
import {
  type ImportedMetric,
  checkMetric,
  checkValue,
  type EntryPlace,
  type GivenAnnotation,
  type GivenMetric,
  type GivenMoment,
  type ImportEntry,
} from './import-entry.js';
import { checkAnnotation, type TransferredAnnotation } from './import-annotation.js';
import { checkCoverage } from './import-coverage.js';
import type { TransferredCoverage } from '../transferred-coverage.js';

/** A row or a coverage, with the places of its metric and table in the intake's lists. */
export type SpooledItem =
  | [
      metric: number,
      table: number,
      period: Period,
      at: SpooledMoment,
      value: string | null,
      ...keys: (string | number)[],
    ]
  | { readonly line: number; readonly metric: number; readonly coverage: TransferredCoverage }
  | { readonly annotation: TransferredAnnotation };

/** A date, or the start of a bucket of less than a day, which is checked once its time zone is known. */
type SpooledMoment =
  LocalDate | (Exclude<GivenMoment, string> & { readonly place: EntryPlace; readonly scope: string });

/** Statistics of a tracker of this application, met in an import. */
export interface OwnedStatistics {
  readonly metric: string;
  readonly period: Period;
  readonly tracker: string;
}

/** Notes an entry that is left out, because it cannot be stored. */
export type SkipEntry = (place: EntryPlace, reason: string) => void;

const MOST_PROBLEMS = 1_000;

/** Takes in the input of an import, line by line, and keeps what the transaction needs. */
export class ImportIntake {
  readonly spool = new Spool<SpooledItem>();
  readonly metrics: ImportedMetric[] = [];
  readonly tables: StatisticTable[] = [];
  readonly problems: ImportProblem[] = [];
  problemCount = 0;
  /** the places of the metrics that have rows of less than a day */
  readonly timeMetrics = new Set<number>();
  /** the first that was met */
  owned: OwnedStatistics | null = null;
  private readonly placeOf = new Map<unknown, number>();

  /** @param skip takes what cannot be stored. Without it, the import is refused */
  constructor(
    private readonly context: StatisticContext,
    private readonly skip: SkipEntry | null = null,
  ) {}

  take(entry: ImportEntry): void {
    try {
      if ('problem' in entry) this.refuse(entry, entry.problem);
      else if ('value' in entry) this.takeValue(entry);
      else if ('metric' in entry) this.metricOf(entry.metric);
      else if ('coverage' in entry) this.takeCoverage(entry);
      else this.takeAnnotation(entry.annotation);
    } catch (error) {
      if (!(error instanceof TrackstatsError)) throw error;
      this.refuse(entry, error.message);
    }
  }

  refuse(place: EntryPlace, reason: string): void {
    if (this.skip !== null) {
      this.skip(place, reason);
      return;
    }
    const { line, table } = place;
    this.problemCount++;
    if (this.problems.length >= MOST_PROBLEMS) return;
    this.problems.push({ line, ...(table === undefined ? {} : { table }), reason });
  }

  private takeValue(entry: Extract<ImportEntry, { value: unknown }>): void {
    const { value: given } = entry;
    const metric = this.metricOf(given);
    const { database, options } = this.context;
    const { table, period, at, cell, scope, value } = checkValue(database, given, options.weekStart);
    this.noteOwner(metric, period, scope);
    const moment = typeof at === 'string' ? at : { ...at, place: placeOf(entry), scope };
    if (typeof at !== 'string') this.timeMetrics.add(metric);
    const keys = table.keys.map(({ property }) => cell[property] as string | number);
    // of what is refused as a whole, nothing has to be kept
    if (this.problemCount === 0) this.spool.add([metric, this.tableAt(table), period, moment, value, ...keys]);
  }

  private takeCoverage({ line, coverage: given }: Extract<ImportEntry, { coverage: unknown }>): void {
    const { key, coverage } = checkCoverage(given);
    const metric = this.metricOf({ key });
    this.noteOwner(metric, coverage.period, coverage.scope);
    if (this.problemCount === 0) this.spool.add({ line, metric, coverage });
  }

  private takeAnnotation(given: GivenAnnotation): void {
    const annotation = checkAnnotation(given, this.context.options.timeZone);
    if (this.problemCount === 0) this.spool.add({ annotation });
  }

  /** the first line that names a metric says what it is called */
  private metricOf(given: GivenMetric): number {
    const known = this.placeOf.get(given.key);
    if (known !== undefined) return known;
    const place = this.metrics.push(checkMetric(given)) - 1;
    this.placeOf.set(given.key, place);
    return place;
  }

  private tableAt(table: StatisticTable): number {
    const known = this.tables.indexOf(table);
    return known >= 0 ? known : this.tables.push(table) - 1;
  }

  private noteOwner(place: number, period: Period, scope: string): void {
    if (this.owned !== null) return;
    const { domain, ref } = this.metrics[place] as ImportedMetric;
    const metric = `${domain.ref}/${ref}`;
    const tracker = this.context.owners.ownerOf(metric, period, scope);
    if (tracker !== undefined) this.owned = { metric, period, tracker };
  }
}

function placeOf({ line, table }: EntryPlace): EntryPlace {
  return { line, ...(table !== undefined && { table }) };
}
