import type { DatabaseKind } from './databases.js';
import type { Events } from './data.js';
import type { Session } from './session.js';

/** One of those that do the same work. */
export interface Contender {
  readonly name: string;
  /** brings back the state before the work; not measured */
  reset(): Promise<void>;
  run(): Promise<unknown>;
}

export interface Prepared {
  readonly ours: Contender;
  /** the ways to do it by hand: the fastest is what counts */
  readonly baselines: readonly Contender[];
  /** throws where the work of ours and of a baseline, both just done, has different results */
  check(baseline: Contender): Promise<void>;
  /** other ways, measured once, that put the figures into proportion */
  readonly asides?: readonly Contender[];
  /** what one run of each is worth, where they do different amounts of the same work. @default 1 */
  readonly scale?: { readonly ours: number; readonly baseline: number };
  dispose?(): Promise<void>;
}

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  /** the greatest ratio of ours to the fastest baseline that the project wants; none: shown for context */
  readonly target?: Partial<Readonly<Record<DatabaseKind, number>>>;
  /** writes millions of rows: left out by --skip-large */
  readonly large?: boolean;
  /** the tables of events that it reads */
  tables(options: BenchOptions): readonly Events[];
  prepare(session: Session, options: BenchOptions): Promise<Prepared>;
}

export interface BenchOptions {
  readonly rows: number;
}

export function sameTarget(ratio: number): Record<DatabaseKind, number> {
  return { sqlite: ratio, postgres: ratio, mariadb: ratio };
}
