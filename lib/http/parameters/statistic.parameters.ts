import { Period } from '../../time/period.js';
import {
  flagParameter,
  integerParameter,
  dateOrInstantParameter,
  dateParameter,
  choiceParameter,
  periodParameter,
  textParameter,
  textOrEmptyParameter,
} from './parameter.js';
import { DimensionedPipe, ParametersPipe } from './parameters.pipe.js';

const METRIC = textParameter('metric', "natural key of a metric, as 'shopping/order_count'", 201);
const PERIOD = periodParameter(
  'period',
  'name of a period: DAY, WEEK, MONTH, CALENDAR_MONTH, MONTH_TO_DATE, LIFETIME, DAYS_90, HOUR, MINUTES_15, …',
);
const OBJECT_TYPE = textParameter('object_type', 'type of objects', 100);
const OBJECT_ID = textOrEmptyParameter('object_id', 'primary key of an object, as text');
const STATISTIC = textParameter(
  'statistic',
  'custom statistic: the name of its table, without prefix. Its dimensions are given as dimension.NAME=VALUE, one that is null as null_dimension=NAME',
);
const DOMAIN = textParameter('domain', 'ref of a domain: its metrics only', 100);
const COMPARE = choiceParameter(
  'compare',
  'adds an earlier range. previous: the one just before; week, month, quarter, year: the same dates of the unit before; weekdays: those 52 weeks earlier',
  'previous',
  'week',
  'month',
  'quarter',
  'year',
  'weekdays',
);
const DATE = dateOrInstantParameter(
  'date',
  'local date, or an instant in it; now where it is left out. Of HOUR and MINUTES_n an instant: 2026-10-25T00:30:00Z',
);
const TOP = integerParameter('top', 'so many of them: those with the greatest values', 1);
const LIMIT = integerParameter('limit', 'so many at most', 1);

const ofPeriod = { period: PERIOD.withDefault(Period.DAY, 'DAY') };
const exact = { exact: flagParameter('exact', 'gives each value as a decimal in text, too') };
const live = {
  live: flagParameter(
    'live',
    'counts the open dates now, from the source, instead of reading what the last run stored',
  ),
};
const page = {
  limit: LIMIT.optional(),
  offset: integerParameter('offset', 'leaves out so many before', 0).withDefault(0),
};
const range = {
  ...ofPeriod,
  from: dateOrInstantParameter('from', 'first local date, or an instant: 2026-10-25T00:30:00Z').optional(),
  to: dateOrInstantParameter('to', 'last local date, or an instant; now where it is left out').optional(),
  last: integerParameter(
    'last',
    'so many points up to now, instead of from and to; 30 where neither is given',
    1,
  ).optional(),
};
const scope = {
  objectType: OBJECT_TYPE.optional(),
  objectId: OBJECT_ID.optional(),
  statistic: STATISTIC.optional(),
};
const fill = {
  fill: choiceParameter('fill', 'the value of dates without a row', 'period', 'zero', 'previous', 'null').withDefault(
    'period',
  ),
};

/** The parameters of each statistics route. */
export const STATISTIC_PARAMETERS = {
  metrics: new ParametersPipe({ metric: METRIC.repeated(), domain: DOMAIN.optional(), ...page }),
  overview: new ParametersPipe({
    domain: DOMAIN.optional(),
    period: PERIOD.optional(),
    points: integerParameter('points', 'points of each sparkline', 1).withDefault(30),
    ...page,
  }),
  summaries: new ParametersPipe({
    domain: DOMAIN.optional(),
    period: PERIOD.optional(),
    from: range.from,
    to: range.to,
    last: range.last,
    compare: COMPARE.withDefault('previous'),
    points: integerParameter('points', 'values of each trend, at most', 1).withDefault(30),
    ...page,
  }),
  summary: new DimensionedPipe({
    metric: METRIC.required(),
    ...range,
    ...scope,
    compare: COMPARE.optional(),
    ...live,
  }),
  series: new DimensionedPipe({
    metric: METRIC.required(),
    ...range,
    ...scope,
    ...fill,
    compare: COMPARE.optional(),
    ...exact,
    ...live,
  }),
  multiSeries: new DimensionedPipe({
    metric: METRIC.repeatedAtLeastOnce(),
    ...range,
    objectType: OBJECT_TYPE.optional(),
    objectId: OBJECT_ID.repeated(),
    statistic: STATISTIC.optional(),
    top: TOP.optional(),
    others: flagParameter('others', 'with top: adds up those that are not among the greatest'),
    ...fill,
    compare: COMPARE.optional(),
    ...exact,
    ...live,
  }),
  top: new DimensionedPipe({
    metric: METRIC.required(),
    ...ofPeriod,
    date: DATE.optional(),
    objectType: OBJECT_TYPE.optional(),
    statistic: STATISTIC.optional(),
    limit: LIMIT.withDefault(10),
    offset: page.offset,
    order: choiceParameter('order', 'desc: the greatest first', 'desc', 'asc').withDefault('desc'),
    ...exact,
    ...live,
  }),
  ranking: new DimensionedPipe({
    metric: METRIC.required(),
    ...range,
    objectType: OBJECT_TYPE.optional(),
    statistic: STATISTIC.optional(),
    search: textParameter('search', 'words of names or ids: only those of the greatest that have them').optional(),
    compare: COMPARE.optional(),
    sort: choiceParameter('sort', 'by what places are sorted', 'value', 'before', 'change').withDefault('value'),
    order: choiceParameter('order', 'desc: the greatest first', 'desc', 'asc').withDefault('desc'),
    limit: LIMIT.withDefault(10),
    offset: page.offset,
    ...exact,
    ...live,
  }),
  total: new DimensionedPipe({ metric: METRIC.required(), ...range, ...scope, ...exact, ...live }),
  coverage: new DimensionedPipe({ metric: METRIC.required(), ...ofPeriod, ...scope }),
  annotations: new ParametersPipe({
    domain: textParameter(
      'domain',
      'ref of a domain: those of its charts, which are its own and those of all domains',
      100,
    ).repeated(),
    from: dateParameter('from', 'first local date').optional(),
    to: dateParameter('to', 'last local date').optional(),
    last: integerParameter('last', 'so many days up to today, instead of from and to', 1).optional(),
    order: choiceParameter('order', 'asc: the earliest first', 'asc', 'desc').withDefault('asc'),
    ...page,
  }),
  export: new DimensionedPipe({
    format: choiceParameter('format', 'csv for spreadsheets, jsonl for JSON Lines', 'csv', 'jsonl').required(),
    metric: METRIC.repeated(),
    domain: DOMAIN.optional(),
    period: PERIOD.repeated(),
    from: range.from,
    to: range.to,
    last: integerParameter('last', 'so many days up to today, instead of from and to', 1).optional(),
    objectType: OBJECT_TYPE.optional(),
    objectId: OBJECT_ID.repeated(),
    allObjects: flagParameter('all_objects', 'statistics of objects of every type'),
    statistic: STATISTIC.optional(),
  }),
} as const;

type Read<K extends keyof typeof STATISTIC_PARAMETERS> = ReturnType<(typeof STATISTIC_PARAMETERS)[K]['transform']>;

export type MetricsQuery = Read<'metrics'>;
export type OverviewQuery = Read<'overview'>;
export type SummariesQuery = Read<'summaries'>;
export type SummaryQuery = Read<'summary'>;
export type SeriesQuery = Read<'series'>;
export type MultiSeriesQuery = Read<'multiSeries'>;
export type TopQuery = Read<'top'>;
export type RankingQuery = Read<'ranking'>;
export type TotalQuery = Read<'total'>;
export type CoverageQuery = Read<'coverage'>;
export type AnnotationsQuery = Read<'annotations'>;
export type ExportQuery = Read<'export'>;
