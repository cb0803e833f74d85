import { type AnnotationToStore, readAnnotation } from '../../annotations/annotation.js';
import { storeAnnotation } from '../../annotations/annotation.store.js';
import { checkName, checkRef, defineDomain } from '../../catalog/index.js';
import type { Database } from '../../database/database.js';
import type { Work } from '../../database/work.js';
import { parseInstant } from '../../time/instant.js';
import { parseLocalDate } from '../../time/local-date.js';
import type { GivenAnnotation } from './import-entry.js';

/** An annotation on its way to a transaction. */
export interface TransferredAnnotation extends Omit<AnnotationToStore, 'at' | 'domain'> {
  /** milliseconds since 1970; null for the whole day */
  readonly at: number | null;
  readonly domain: { readonly ref: string; readonly name?: string | undefined } | null;
}

/**
 * Checks an annotation of a file.
 *
 * @throws InvalidDateError, InvalidAnnotationError, InvalidRefError, InvalidNameError
 */
export function checkAnnotation(
  { date, at, text, domain, domainName, key }: GivenAnnotation,
  timeZone: string,
): TransferredAnnotation {
  const isOfDay = at === null || at === undefined;
  const given = {
    text,
    ...(isOfDay ? { date: parseLocalDate(date) } : { at: parseInstant(at) }),
    ...(key !== null && key !== undefined && { key }),
  };
  const read = readAnnotation(given, { timeZone, now: NEVER });
  return {
    date: read.date,
    at: read.at?.getTime() ?? null,
    text: read.text,
    domain: domain === null || domain === undefined ? null : { ref: checkRef(domain), name: checkName(domainName) },
    key: read.key,
  };
}

/** No annotation of a file is without a date. */
const NEVER = new Date(0);

/** Stores an annotation unless it is stored already, and its domain. */
export function* putAnnotation(database: Database, { at, domain, ...annotation }: TransferredAnnotation): Work<void> {
  yield* storeAnnotation(database, {
    ...annotation,
    at: at === null ? null : new Date(at),
    domain: domain === null ? null : defineDomain(domain),
  });
}
