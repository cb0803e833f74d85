import { InvalidDimensionValueError } from '../../errors/dimension.error.js';
import { InvalidDateError } from '../../errors/time.error.js';
import { parseLocalDate } from '../../time/local-date.js';
import { type DeclaredDimension, NULL_DIMENSION } from './dimension.decorator.js';
import { keyTextProblem } from './key-text.js';

/** The value of a dimension as an application uses it. */
export type DimensionValue = string | number | boolean | null;

const INTEGER_LIMIT = 2 ** 31;

/**
 * Returns a dimension's value as its key column stores it.
 *
 * @throws InvalidDimensionValueError
 */
export function encodeDimension(statistic: string, dimension: DeclaredDimension, value: unknown): string | number {
  const refuse = (expected: string): never => {
    throw new InvalidDimensionValueError(statistic, dimension.property, value, expected);
  };
  if (value === null) {
    if (dimension.nullable) return NULL_DIMENSION[dimension.type];
    return refuse(`It is not nullable: declare it with @Dimension({ nullable: true }), or give a ${dimension.type}.`);
  }
  const stored = encoded(dimension, value, refuse);
  if (dimension.nullable && stored === NULL_DIMENSION[dimension.type]) {
    return refuse('The database stores null as this value, so it cannot be used as a value.');
  }
  return stored;
}

/** Returns a dimension's value as it was passed, from the value that a driver reads (dates as text). */
export function decodeDimension(dimension: DeclaredDimension, stored: unknown): DimensionValue {
  switch (dimension.type) {
    case 'boolean':
      return Number(stored) === NULL_DIMENSION.boolean ? null : Number(stored) === 1;
    case 'integer':
      return dimension.nullable && Number(stored) === NULL_DIMENSION.integer ? null : Number(stored);
    case 'varchar':
    case 'date':
      return dimension.nullable && stored === NULL_DIMENSION[dimension.type] ? null : (stored as string);
  }
}

function encoded(dimension: DeclaredDimension, value: unknown, refuse: (expected: string) => never): string | number {
  switch (dimension.type) {
    case 'varchar': {
      const problem = keyTextProblem(value, dimension.length);
      return problem === null ? (value as string) : refuse(problem);
    }
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value) || value < -INTEGER_LIMIT || value >= INTEGER_LIMIT) {
        return refuse('Expected a whole number of 32 bits.');
      }
      return value + 0; // -0 becomes 0
    case 'boolean':
      return typeof value === 'boolean' ? Number(value) : refuse('Expected true or false.');
    case 'date':
      try {
        return parseLocalDate(value);
      } catch (error) {
        if (error instanceof InvalidDateError) return refuse("Expected a date as 'YYYY-MM-DD'.");
        throw error;
      }
  }
}
