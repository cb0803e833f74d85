/** Rows of one metric or domain of django-trackstats that an import left out. */
export interface SkippedRows {
  /** the table of django-trackstats that has them */
  readonly table: string;
  /** the metric there, as `'forum/order count'`, or for the table of domains the domain */
  readonly ref: string;
  /** number of rows */
  readonly rows: number;
  readonly reason: string;
}

/** Rows of more metrics and reasons are added up under the last reason, so that a list stays readable. */
const MOST_REASONS = 1_000;

/** Counts the rows that an import leaves out, by table, metric and reason. */
export class SkippedRowCount {
  private readonly counts = new Map<string, SkippedRows>();

  add(table: string, ref: string, reason: string): void {
    const isFull = this.counts.size >= MOST_REASONS && !this.counts.has(keyOf(table, ref, reason));
    const said = isFull ? 'There are more than 1,000 different reasons.' : reason;
    const key = keyOf(table, ref, said);
    this.counts.set(key, { table, ref, rows: (this.counts.get(key)?.rows ?? 0) + 1, reason: said });
  }

  /** Returns them in the order in which they were met. */
  list(): SkippedRows[] {
    return [...this.counts.values()];
  }
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
