import type { Type } from '@nestjs/common';
import type { Events } from './data.js';
import type { DatabaseKind } from './databases.js';
import type { Session } from './session.js';

/** One of those that do the same work. */
export interface Contender {
  readonly name: string;
  /** brings back the state before the work; not measured */
  readonly reset?: () => Promise<void>;
  readonly run: () => Promise<unknown>;
  /** how much of the work one run does; times are shown for one unit. @default 1 */
  readonly units?: number;
}

export interface Prepared {
  readonly ours: Contender;
  /** the ways to do it by hand: the fastest is what counts */
  readonly baselines: readonly Contender[];
  /** throws where ours and a baseline, both just done, have different results */
  readonly check?: () => Promise<void>;
  /** other ways, measured once, that put the figures into proportion */
  readonly asides?: readonly Contender[];
  /** leaves the database as the case found it */
  readonly dispose?: () => Promise<void>;
}

export interface BenchOptions {
  readonly rows: number;
}

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  /** the greatest ratio of ours to the fastest baseline that the project wants; none: shown for context */
  readonly target?: Partial<Readonly<Record<DatabaseKind, number>>>;
  /** milliseconds that ours may take, whatever the ratio */
  readonly limitMs?: number;
  /** writes millions of rows: left out by --skip-large */
  readonly large?: boolean;
  /** the tables of events that it reads */
  readonly tables?: (options: BenchOptions) => readonly Events[];
  /** providers of the application that it needs: trackers under @Track */
  readonly providers?: (kind: DatabaseKind, options: BenchOptions) => readonly Type[];
  readonly prepare: (session: Session, options: BenchOptions) => Promise<Prepared>;
}

/** What the project wants of work that a person could write by hand. */
export const AS_BY_HAND = { postgres: 1.15, sqlite: 1.25, mariadb: 1.25 } as const;

export function everywhere(ratio: number): Record<DatabaseKind, number> {
  return { sqlite: ratio, postgres: ratio, mariadb: ratio };
}
