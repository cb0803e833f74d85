import type { Type } from '@nestjs/common';
import { InvalidTrackerError } from '../../errors/tracker.error.js';
import { shown } from '../../errors/trackstats.error.js';
import type { AbstractStatistic } from '../../statistics/tables/abstract-statistic.js';
import { type AbstractTimeStatistic, momentOf } from '../../statistics/tables/abstract-time-statistic.js';
import { dimensionsOf } from '../../statistics/tables/dimension.decorator.js';
import { isStatisticClass } from '../../statistics/tables/statistic-table.js';
import { type CheckedOptions, present, takes, type TrackerKind } from './option.js';
import type { TrackedTarget } from './tracker-definition.js';

const TARGET_OPTIONS = [
  'object',
  'objectField',
  'objectEntity',
  'statistic',
  'timeStatistic',
  'dimensions',
  'withTotal',
] as const;

/** Returns what the rows of a tracker belong to, from its class and its options. */
export function definedTarget(tracker: string, kind: TrackerKind, options: CheckedOptions): TrackedTarget {
  refuseForeign(tracker, kind, options);
  switch (kind) {
    case 'date':
    case 'count-date':
      return { kind: 'total' };
    case 'object':
    case 'count-object':
      return objectTarget(tracker, options);
    case 'dimensions':
      return dimensionsTarget(tracker, options);
  }
}

function refuseForeign(tracker: string, kind: TrackerKind, options: CheckedOptions): void {
  const foreign = TARGET_OPTIONS.find(
    (option) => present(options[option]) && options[option] !== false && !takes(kind, option),
  );
  if (foreign === undefined) return;
  if (foreign === 'withTotal') {
    throw new InvalidTrackerError(tracker, 'its class computes the total anyway. Leave withTotal out.');
  }
  const general =
    foreign in { statistic: 1, timeStatistic: 1, dimensions: 1 }
      ? 'ObjectsByDimensionsTracker'
      : '(Count)ObjectsByDateAndObjectTracker';
  throw new InvalidTrackerError(tracker, `its class takes no ${foreign}. Extend ${general}, or leave ${foreign} out.`);
}

function objectTarget(tracker: string, { object, objectField, objectEntity }: CheckedOptions): TrackedTarget {
  if (present(object) === present(objectField)) {
    throw new InvalidTrackerError(
      tracker,
      `it needs ${present(object) ? 'one of object and objectField, and has both' : 'object or objectField, and has neither'}. ` +
        `object: every row belongs to this one; objectField: each row belongs to the one that this property points to.`,
    );
  }
  if (present(object)) {
    if (present(objectEntity)) {
      throw new InvalidTrackerError(
        tracker,
        'objectEntity belongs to objectField; beside object it says nothing. Leave it out.',
      );
    }
    return { kind: 'object', object: object as NonNullable<typeof object> };
  }
  if (typeof objectField !== 'string' || objectField === '') {
    throw new InvalidTrackerError(
      tracker,
      `objectField is ${shown(objectField)}. Expected a property: objectField: 'customer'.`,
    );
  }
  return { kind: 'objects', field: objectField, entity: objectEntity ?? null };
}

function dimensionsTarget(tracker: string, { statistic, timeStatistic, dimensions }: CheckedOptions): TrackedTarget {
  if (!isStatisticClass(statistic)) {
    throw new InvalidTrackerError(
      tracker,
      `statistic is ${shown(statistic)}. Expected the class of a custom statistic: one that extends AbstractStatistic.`,
    );
  }
  const declared = dimensionsOf(statistic).map(({ property }) => property);
  if (typeof dimensions !== 'object' || dimensions === null || !sameNames(Object.keys(dimensions), declared)) {
    throw new InvalidTrackerError(
      tracker,
      `dimensions is ${shown(dimensions)}. Expected a property for each dimension of ${statistic.name} and for nothing else: ` +
        `{ ${declared.map((name) => `${name}: '…'`).join(', ')} }.`,
    );
  }
  const wrong = Object.entries(dimensions).find(([, path]) => typeof path !== 'string' || path === '');
  if (wrong !== undefined) {
    throw new InvalidTrackerError(
      tracker,
      `dimensions.${wrong[0]} is ${shown(wrong[1])}. Expected a property: 'address.country'.`,
    );
  }
  return {
    kind: 'dimensions',
    statistic,
    timeStatistic: timeStatisticOf(tracker, statistic, timeStatistic),
    dimensions: Object.freeze({ ...(dimensions as Record<string, string>) }),
  };
}

/** Its dimensions are compared with those of the other when its table is known. */
function timeStatisticOf(
  tracker: string,
  statistic: Type<AbstractStatistic>,
  given: unknown,
): Type<AbstractTimeStatistic> | undefined {
  if (given === undefined) return undefined;
  if (!isStatisticClass(given) || momentOf(given) !== 'start') {
    throw new InvalidTrackerError(
      tracker,
      `timeStatistic is ${shown(given)}. Expected the class of a custom statistic of buckets: one that extends ` +
        `AbstractTimeStatistic and has the dimensions of ${statistic.name}.`,
    );
  }
  return given as Type<AbstractTimeStatistic>;
}

function sameNames(given: readonly string[], expected: readonly string[]): boolean {
  return given.length === expected.length && expected.every((name) => given.includes(name));
}
