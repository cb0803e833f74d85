import type { DatabaseKind } from './servers.js';

/** The options that TypeORM passes to a driver. */
export interface Extra {
  /** PostgreSQL only: settings of the session, as `psql` takes them. */
  options?: string;
  [option: string]: unknown;
}

export interface ConnectionSettings {
  timezone?: string;
  extra?: Extra;
  prepareDatabase?: (connection: { defaultSafeIntegers(on: boolean): unknown; pragma(text: string): unknown }) => void;
}

export function connectionSettings(kind: DatabaseKind): ConnectionSettings;
export function setUnusualParsers(): () => void;
export function unusualTypeCast(field: { type: string; string(): string | null }, next: () => unknown): unknown;
export function setInputDatesAsUtc(isUtc: boolean): boolean;
