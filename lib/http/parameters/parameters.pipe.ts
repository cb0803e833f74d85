import type { PipeTransform } from '@nestjs/common';
import { shown } from '../../errors/trackstats.error.js';
import { TrackstatsHttpException } from '../platform/http.exception.js';
import type { Parameter, ParameterValues } from './parameter.js';
import { messageOf } from '../../errors/error-message.js';

/** Values of the dimensions that a request names, as text; null: the dimension is null. */
export type DimensionTexts = ReadonlyMap<string, readonly (string | null)[]>;

type Parameters = Readonly<Record<string, Parameter>>;

const DIMENSION = 'dimension.';
const NULL_DIMENSION = 'null_dimension';
const MOST_DIMENSION_VALUES = 1_000;

/**
 * Reads the parameters of a route from a query or a body, and rejects unknown ones. Pass an instance to `@Query` or
 * `@Body`: it then runs after the application's global pipes, which do not change plain objects.
 *
 * @throws TrackstatsHttpException with status 400, and a message for each thing that is wrong
 */
export class ParametersPipe<P extends Parameters> implements PipeTransform<unknown, ParameterValues<P>> {
  constructor(readonly parameters: P) {}

  transform(given: unknown): ParameterValues<P> {
    const texts = textsOf(given);
    const problems: string[] = [];
    const values = this.read(texts, problems);
    const known = new Set(Object.values(this.parameters).map(({ name }) => name));
    this.refuseUnknown(
      [...texts.keys()].filter((name) => !known.has(name)),
      problems,
    );
    if (problems.length > 0) throw TrackstatsHttpException.badRequest(...problems);
    return values;
  }

  protected read(texts: ReadonlyMap<string, readonly string[]>, problems: string[]): ParameterValues<P> {
    const read = Object.entries(this.parameters).map(([property, parameter]) => [
      property,
      valueOf(parameter, texts.get(parameter.name) ?? [], problems),
    ]);
    return Object.fromEntries(read) as ParameterValues<P>;
  }

  protected refuseUnknown(names: readonly string[], problems: string[]): void {
    const known = Object.values(this.parameters).map(({ name }) => name);
    problems.push(
      ...names
        .slice(0, 10)
        .map(
          (name) =>
            `There is no parameter ${shown(name)}; there ${known.length > 0 ? `are ${known.join(', ')}` : 'is none'}`,
        ),
    );
  }
}

/** As ParametersPipe, for routes that take the dimensions of a custom statistic: `dimension.country=NL`. */
export class DimensionedPipe<P extends Parameters> extends ParametersPipe<P> {
  override transform(given: unknown): ParameterValues<P> & { readonly dimensions: DimensionTexts } {
    return super.transform(given) as ParameterValues<P> & { dimensions: DimensionTexts };
  }

  protected override read(texts: ReadonlyMap<string, readonly string[]>, problems: string[]): ParameterValues<P> {
    const dimensions = new Map<string, (string | null)[]>();
    for (const [name, values] of texts) {
      if (name.startsWith(DIMENSION)) dimensions.set(name.slice(DIMENSION.length), [...values]);
    }
    for (const name of texts.get(NULL_DIMENSION) ?? []) dimensions.set(name, [...(dimensions.get(name) ?? []), null]);
    const total = [...dimensions.values()].reduce((sum, { length }) => sum + length, 0);
    if (total > MOST_DIMENSION_VALUES) {
      problems.push(`There are ${total} values of dimensions; at most ${MOST_DIMENSION_VALUES} are taken`);
    }
    return { ...super.read(texts, problems), dimensions };
  }

  protected override refuseUnknown(names: readonly string[], problems: string[]): void {
    const others = names.filter((name) => !name.startsWith(DIMENSION) && name !== NULL_DIMENSION);
    super.refuseUnknown(others, problems);
  }
}

function valueOf(parameter: Parameter, texts: readonly string[], problems: string[]): unknown {
  try {
    return parameter.read(texts);
  } catch (error) {
    problems.push(`${parameter.name} ${messageOf(error)}`);
    return undefined;
  }
}

/** Returns the texts of each parameter, whichever query parser the platform has. */
function textsOf(given: unknown): ReadonlyMap<string, readonly string[]> {
  if (given === undefined || given === null) return new Map();
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw TrackstatsHttpException.badRequest('Expected an object of parameters by name.');
  }
  const texts = new Map<string, readonly string[]>();
  const problems: string[] = [];
  for (const [name, value] of Object.entries(given as Readonly<Record<string, unknown>>)) {
    const values = listOf(value);
    // a body is JSON, in which a flag is a boolean
    if (values.every((one) => typeof one === 'string' || typeof one === 'boolean')) texts.set(name, values.map(String));
    else problems.push(`${nameOf(name)} is ${shown(value)}; expected text`);
  }
  if (problems.length > 0) throw TrackstatsHttpException.badRequest(...problems);
  return texts;
}

/** A repeated parameter is a list, or an object by index if Express' extended parser reads more than about twenty. */
function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return [value];
  const places = Object.keys(value);
  return places.length > 0 && places.every((key, place) => key === String(place)) ? Object.values(value) : [value];
}

function nameOf(name: string): string {
  return /^[a-z_.]{1,50}$/i.test(name) ? name : shown(name);
}
