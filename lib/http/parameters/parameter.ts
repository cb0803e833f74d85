import { parseInstant } from '../../time/instant.js';
import { type CheckedDateInput, type LocalDate, parseLocalDate } from '../../time/local-date.js';
import { Period } from '../../time/period.js';
import { shown } from '../../errors/trackstats.error.js';

/** As much of a JSON schema as a parameter needs. */
export interface ParameterSchema {
  readonly type: 'string' | 'integer' | 'boolean';
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly default?: string | number | boolean;
}

/** A parameter of a route: its name, its schema, and the way in which its texts are read. */
export interface Parameter<T = unknown> {
  readonly name: string;
  readonly description: string;
  readonly schema: ParameterSchema;
  readonly isRequired: boolean;
  readonly isRepeatable: boolean;
  /**
   * @param texts as they were given; none: the parameter is left out
   * @throws Error whose message says what is wrong, as it follows the parameter's name
   */
  readonly read: (texts: readonly string[]) => T;
}

/** The values of a route's parameters. */
export type ParameterValues<P extends Readonly<Record<string, Parameter>>> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
};

const LONGEST_INSTANT = 60;

type Parse<T> = (text: string) => T;

/** The type of a parameter, before it is declared as required or optional. */
export class ParameterKind<T> {
  constructor(
    private readonly name: string,
    private readonly description: string,
    private readonly schema: ParameterSchema,
    private readonly parse: Parse<T>,
  ) {}

  required(): Parameter<T> {
    return this.parameter({ isRequired: true }, (texts) => {
      if (texts.length === 0) throw new Error('is missing');
      return this.one(texts);
    });
  }

  optional(): Parameter<T | undefined> {
    return this.parameter({}, (texts) => (texts.length === 0 ? undefined : this.one(texts)));
  }

  withDefault(value: T & (string | number | boolean), shownAs: string | number | boolean = value): Parameter<T> {
    const schema = { ...this.schema, default: shownAs };
    return this.parameter({ schema }, (texts) => (texts.length === 0 ? value : this.one(texts)));
  }

  repeated(): Parameter<readonly T[]> {
    return this.parameter({ isRepeatable: true }, (texts) => [...new Set(texts)].map(this.parse));
  }

  repeatedAtLeastOnce(): Parameter<readonly T[]> {
    const { read, ...parameter } = this.repeated();
    return {
      ...parameter,
      isRequired: true,
      read: (texts) => {
        if (texts.length === 0) throw new Error('is missing');
        return read(texts);
      },
    };
  }

  private parameter<V>(differing: Partial<Parameter>, read: Parameter<V>['read']): Parameter<V> {
    const { name, description, schema } = this;
    return { name, description, schema, isRequired: false, isRepeatable: false, ...differing, read };
  }

  private one(texts: readonly string[]): T {
    const [text, ...others] = texts;
    if (text === undefined || others.length > 0) throw new Error(`is given ${texts.length} times; give it once`);
    return this.parse(text);
  }
}

/** Text of one or more characters; the statistics' own checks follow. */
export function textParameter(name: string, description: string, maxLength = 255): ParameterKind<string> {
  return new ParameterKind(name, description, { type: 'string', maxLength }, (given) => {
    if (given === '') throw new Error('is empty');
    return checkLength(given, maxLength);
  });
}

/** Text that may be empty, as the id of an object may be. */
export function textOrEmptyParameter(name: string, description: string, maxLength = 255): ParameterKind<string> {
  return new ParameterKind(name, description, { type: 'string', maxLength }, (given) => checkLength(given, maxLength));
}

function checkLength(given: string, maxLength: number): string {
  const characters = given.length <= maxLength ? given.length : Array.from(given).length;
  if (characters > maxLength) throw new Error(`has ${characters} characters; expected at most ${maxLength}`);
  return given;
}

export function integerParameter(name: string, description: string, minimum: number): ParameterKind<number> {
  const maximum = 1_000_000_000;
  return new ParameterKind(name, description, { type: 'integer', minimum, maximum }, (given) => {
    const number = /^\d{1,10}$/.test(given) ? Number(given) : NaN;
    if (!(number >= minimum && number <= maximum)) {
      throw new Error(`is ${shown(given)}; expected a whole number from ${minimum} to ${maximum}`);
    }
    return number;
  });
}

export function choiceParameter<const T extends string>(
  name: string,
  description: string,
  ...allowed: readonly T[]
): ParameterKind<T> {
  return new ParameterKind(name, description, { type: 'string', enum: allowed }, (given) => {
    const found = allowed.find((one) => one === given);
    if (found === undefined) throw new Error(`is ${shown(given)}; expected ${allowed.join(', ')}`);
    return found;
  });
}

export function flagParameter(name: string, description: string): Parameter<boolean> {
  const kind = new ParameterKind<boolean>(name, description, { type: 'boolean' }, (given) => {
    if (given !== 'true' && given !== 'false') throw new Error(`is ${shown(given)}; expected true or false`);
    return given === 'true';
  });
  return kind.withDefault(false);
}

export function dateParameter(name: string, description: string): ParameterKind<LocalDate> {
  return new ParameterKind(name, description, { type: 'string', format: 'date' }, (given) => parseLocalDate(given));
}

/** A local date, or an instant as text with an offset, where its zone's date or bucket is meant. */
export function dateOrInstantParameter(name: string, description: string): ParameterKind<CheckedDateInput> {
  return new ParameterKind(name, description, { type: 'string', maxLength: LONGEST_INSTANT }, (given) => {
    return given.includes(':') ? instantOf(given) : parseLocalDate(given);
  });
}

function instantOf(given: string): Date {
  try {
    return parseInstant(given);
  } catch (error) {
    // a + that is not encoded is a space
    if (!/\d \d\d:?\d\d$/.test(given)) throw error;
    throw new Error(`is ${shown(given)}. Write the + of an offset as %2B, or give the instant in UTC, with Z.`, {
      cause: error,
    });
  }
}

export function periodParameter(name: string, description: string): ParameterKind<Period> {
  return new ParameterKind(name, description, { type: 'string' }, (given) => Period.parse(given));
}
