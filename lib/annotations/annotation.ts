import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { DomainTarget } from '../catalog/definitions.js';
import type { Domain } from '../catalog/domain.entity.js';
import { domainKeyOf } from '../catalog/domain.query.js';
import { InvalidAnnotationError } from '../errors/annotation.error.js';
import { InvalidArgumentError } from '../errors/argument.error.js';
import { type InstantInput, parseInstant } from '../time/instant.js';
import type { LocalDate, LocalDateInput, LocalDateText } from '../time/local-date.js';
import { localDateAt } from '../time/time-zone.js';
import { localDate, manager, optional } from '../validation/check.js';
import { type ChecksOf, readOptions } from '../validation/options.js';
import { LONGEST_KEY, LONGEST_TEXT } from './annotation.entity.js';

/** A note at a date, such as a deployment or a campaign. Charts show it. */
export interface Annotation {
  /** the same for the same date, domain and text, or for the same domain and key */
  readonly id: string;
  /** local date; of an annotation with `at` its date in the module's time zone */
  readonly date: LocalDateText;
  /** the instant at which it happened; null if it is about the whole day */
  readonly at: Date | null;
  readonly text: string;
  /** the domain whose charts show it; null for the charts of all domains */
  readonly domain: Domain | null;
  /** the key with which it was added; null for none */
  readonly key: string | null;
}

/** The values of an annotation to add. */
export interface AnnotationInput {
  /** 1 to 500 characters. White space around it is removed */
  text: string;
  /** local date. @default the date of `at`, or else today in the module's time zone */
  date?: LocalDateInput;
  /** the instant at which it happened, instead of `date`, for charts of hours */
  at?: InstantInput;
  /** shows it on the charts of one domain only. @default those of all domains */
  domain?: DomainTarget;
  /** names the event, so that it is annotated once, whatever its date and text. @default the date with the text */
  key?: string | undefined;
}

/** Selects annotations: by default all of them. @inline */
export interface AnnotationRange {
  /** first local date */
  from?: LocalDateInput;
  /** last local date */
  to?: LocalDateInput;
  /** number of days up to today, instead of `from` and `to` */
  last?: number;
  /** those that the charts of this domain show: its own and those of all domains */
  domain?: DomainTarget;
}

/** A checked annotation to add. */
export interface AnnotationToStore {
  readonly date: LocalDate;
  readonly at: Date | null;
  readonly text: string;
  readonly domain: DomainTarget | null;
  readonly key: string | null;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** The checks of an annotation, where `undefined` was refused already. */
const CHECKS = {
  text: (given) => checkText(typeof given === 'string' ? given.trim() : given, 'text', LONGEST_TEXT),
  date: optional(localDate),
  at: optional(parseInstant),
  domain: optional(checkedDomain),
  key: optional((given) => checkText(given, 'key', LONGEST_KEY)),
  manager,
} satisfies ChecksOf<AnnotationInput & { manager?: EntityManager | undefined }>;

/**
 * Reads the argument of `annotate`.
 *
 * @param clock the module's time zone, and the time that is now
 * @throws InvalidAnnotationError, InvalidDateError, InvalidRefError, InvalidDefinitionError, InvalidArgumentError
 */
export function readAnnotation(
  given: unknown,
  clock: { readonly timeZone: string; readonly now: Date },
): AnnotationToStore & { readonly manager: EntityManager | undefined } {
  refuseUndefined(given);
  const { text, date, at, domain, key, manager } = readOptions(given, CHECKS, (name, value, expected) => {
    return new InvalidArgumentError(`annotate: ${name ?? 'the annotation'}`, value, expected);
  });
  if (date !== undefined && at !== undefined) {
    throw new InvalidAnnotationError(
      'date is given together with at. Give date for a whole day, or at for an instant, whose date follows from it.',
    );
  }
  const moment = date ?? at ?? clock.now;
  return {
    date: moment instanceof Date ? localDateAt(moment, clock.timeZone) : moment,
    at: at ?? null,
    text,
    domain: domain ?? null,
    key: key ?? null,
    manager,
  };
}

/** Returns the id of an annotation: a hash of its domain with its key, or with its date and text. */
export function annotationId(domain: Domain | null, { date, text, key }: AnnotationToStore): string {
  const identity = key === null ? [domain?.id ?? null, date, text] : [domain?.id ?? null, key];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
}

/**
 * Checks the domain of an annotation.
 *
 * @throws InvalidRefError, InvalidDefinitionError
 */
export function checkedDomain(given: unknown): DomainTarget {
  domainKeyOf(given as DomainTarget);
  return given as DomainTarget;
}

/**
 * Reads an annotation, or its id, as its id.
 *
 * @throws InvalidArgumentError
 */
export function readAnnotationId(name: string, given: unknown): string {
  const id = typeof given === 'object' && given !== null && 'id' in given ? given.id : given;
  if (typeof id === 'string' && /^[0-9a-f]{32}$/.test(id)) return id;
  throw new InvalidArgumentError(name, given, 'Expected an annotation, or its id: 32 digits and letters a to f.');
}

/** `undefined` would show it everywhere, or today. */
function refuseUndefined(given: unknown): void {
  const values = (given ?? {}) as Readonly<Record<string, unknown>>;
  const name = ['domain', 'date', 'at'].find((one) => one in Object(values) && values[one] === undefined);
  if (name === undefined) return;
  throw new InvalidAnnotationError(
    `${name} is undefined. It would have the same effect as leaving it out: leave it out on purpose, or give a value.`,
  );
}

function checkText(given: unknown, name: 'text' | 'key', longest: number): string {
  if (typeof given !== 'string' || given.length === 0) {
    throw InvalidAnnotationError.of(name, given, `Expected text of 1 to ${longest} characters.`);
  }
  const { length } = Array.from(given);
  if (length > longest) {
    throw InvalidAnnotationError.of(name, given, `Expected at most ${longest} characters; it has ${length}.`);
  }
  if (given.includes('\0') || LONE_SURROGATE.test(given)) {
    throw InvalidAnnotationError.of(name, given, 'Expected well-formed text without NUL characters.');
  }
  return given;
}
