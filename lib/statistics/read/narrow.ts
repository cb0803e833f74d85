import type { SelectQueryBuilder } from 'typeorm';
import { metricKeyOf } from '../../catalog/metric.query.js';
import type { AbstractStatistic } from '../tables/abstract-statistic.js';
import { rowRange, type StartRange } from '../filter/date-range.js';
import type { NormalFilter } from '../filter/filter.js';
import { startsOf } from '../filter/start-range.js';
import type { FilterContext, KeyValues } from '../filter/scope-filter.js';
import { moduleCalendar, type StatisticOptions } from '../filter/statistic.context.js';

interface Condition {
  readonly text: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/**
 * Returns a query builder over the stored rows of a filter, with `metric` and `domain` joined and selected. A metric is
 * matched by its refs within the query, so one that is not stored matches nothing. Instants and `last` are read in the
 * module's time zone.
 */
export function buildNarrowQuery(
  { database, options }: FilterContext & { readonly options: StatisticOptions },
  filter: NormalFilter,
  alias: string,
  now: Date,
): SelectQueryBuilder<AbstractStatistic> {
  const builder = database.dataSource
    .createQueryBuilder(filter.scope.table.entity, alias)
    .innerJoinAndSelect(`${alias}.metric`, 'metric')
    .innerJoinAndSelect('metric.domain', 'domain');
  for (const { text, parameters } of conditionsOf(filter, alias, options, now)) builder.andWhere(text, parameters);
  return builder;
}

function* conditionsOf(
  filter: NormalFilter,
  alias: string,
  options: StatisticOptions,
  now: Date,
): Generator<Condition> {
  const { period, scope, range } = filter;
  yield metricCondition(filter);
  if (period !== null) yield { text: `${alias}.period = :trackstatsPeriod`, parameters: { trackstatsPeriod: period } };
  yield scopeCondition(scope.alternatives, alias);
  if (scope.table.moment === 'start') {
    yield* startConditions(startsOf(filter, options.timeZone, now), alias);
    return;
  }
  const { from, to } = rowRange(range, period, moduleCalendar({ options }, now));
  if (from !== null) yield { text: `${alias}.date >= :trackstatsFrom`, parameters: { trackstatsFrom: from } };
  if (to !== null) yield { text: `${alias}.date <= :trackstatsTo`, parameters: { trackstatsTo: to } };
}

function* startConditions({ parts }: StartRange, alias: string): Generator<Condition> {
  const conditions = parts.map(({ from, to }, place): Condition => {
    const [first, end] = [`trackstatsFrom${place}`, `trackstatsTo${place}`];
    const bounds = [
      ...(from === null ? [] : [`${alias}.start >= :${first}`]),
      ...(to === null ? [] : [`${alias}.start < :${end}`]),
    ];
    return {
      text: bounds.length === 0 ? '1 = 1' : `(${bounds.join(' AND ')})`,
      parameters: { ...(from === null ? {} : { [first]: from }), ...(to === null ? {} : { [end]: to }) },
    };
  });
  yield anyOf(conditions);
}

function metricCondition({ metrics }: NormalFilter): Condition {
  const conditions = metrics.map(metricKeyOf).map((key, place): Condition => {
    const [domain, metric] = [`trackstatsDomain${place}`, `trackstatsMetric${place}`];
    return 'id' in key
      ? { text: `metric.id = :${metric}`, parameters: { [metric]: key.id } }
      : {
          text: `(domain.ref = :${domain} AND metric.ref = :${metric})`,
          parameters: { [domain]: key.domain, [metric]: key.metric },
        };
  });
  return anyOf(conditions);
}

function scopeCondition(alternatives: readonly KeyValues[], alias: string): Condition {
  const conditions = alternatives.map((values, place): Condition => {
    const named = Object.entries(values).map(([property, allowed], key) => ({
      text: `${alias}.${property} IN (:...trackstatsKey${place}_${key})`,
      parameters: { [`trackstatsKey${place}_${key}`]: allowed },
    }));
    return {
      text: named.length === 0 ? '1 = 1' : named.map(({ text }) => text).join(' AND '),
      parameters: Object.assign({}, ...named.map(({ parameters }) => parameters)) as Record<string, unknown>,
    };
  });
  return anyOf(conditions);
}

function anyOf(conditions: readonly Condition[]): Condition {
  return {
    text: conditions.length === 0 ? '1 = 0' : `(${conditions.map(({ text }) => text).join(' OR ')})`,
    parameters: Object.assign({}, ...conditions.map(({ parameters }) => parameters)) as Record<string, unknown>,
  };
}
