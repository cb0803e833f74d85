import type { Type } from '@nestjs/common';
import type { Events } from './data.js';
import type { DatabaseKind } from './databases.js';
import type { Session } from './session.js';

/** One of several ways to do the same work. */
export interface Contender {
  readonly name: string;
  /** restores the state before the work; not measured */
  readonly reset?: () => Promise<void>;
  readonly run: () => Promise<unknown>;
  /** units of work that one run does. Times are shown per unit. @default 1 */
  readonly units?: number;
}

export interface Prepared {
  readonly ours: Contender;
  /** the ways to do it by hand. The fastest one counts */
  readonly baselines: readonly Contender[];
  /** throws if ours and a baseline gave different results */
  readonly check?: () => Promise<void>;
  /** other ways, measured once for comparison */
  readonly asides?: readonly Contender[];
  /** leaves the database as it was before the case */
  readonly dispose?: () => Promise<void>;
}

export interface BenchOptions {
  readonly rows: number;
}

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  /** the target: the greatest ratio of ours to the fastest baseline. undefined: measured for context only */
  readonly target?: Partial<Readonly<Record<DatabaseKind, number>>>;
  /** milliseconds that ours may take whatever the ratio */
  readonly limitMs?: number;
  /** true if it writes millions of rows; --skip-large leaves it out */
  readonly large?: boolean;
  /** the tables of events that it reads */
  readonly tables?: (options: BenchOptions) => readonly Events[];
  /** providers of the application that it needs: trackers under @Track */
  readonly providers?: (kind: DatabaseKind, options: BenchOptions) => readonly Type[];
  readonly prepare: (session: Session, options: BenchOptions) => Promise<Prepared>;
}

/** The targets for work that a person could also write by hand. */
export const AS_BY_HAND = { postgres: 1.15, sqlite: 1.25, mariadb: 1.25 } as const;

export function everywhere(ratio: number): Record<DatabaseKind, number> {
  return { sqlite: ratio, postgres: ratio, mariadb: ratio };
}
