import { type AnnotationRange, checkedDomain } from '../../annotations/annotation.js';
import type { AnnotationFilter } from '../../annotations/annotation.store.js';
import { checkRange, rowRange } from './date-range.js';
import { checkFilterKeys } from './filter.js';
import { moduleCalendar, type StatisticContext } from './statistic.context.js';

/**
 * Reads the filter of a call about annotations, in the calendar of the module.
 *
 * @param call that an error names
 * @throws InvalidFilterError, InvalidDateError, InvalidRefError, InvalidDefinitionError
 */
export function readAnnotationFilter(
  context: StatisticContext,
  call: string,
  filter: AnnotationRange,
  now: Date,
): AnnotationFilter {
  const given = checkFilterKeys(call, filter, ['from', 'to', 'last', 'domain']);
  const range = rowRange(checkRange(given), null, moduleCalendar(context, now));
  return { ...range, domains: 'domain' in given ? [checkedDomain(given['domain'])] : null };
}
