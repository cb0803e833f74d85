import type {
  ActionsResponse,
  AlertResource,
  AlertsResponse,
  AnnotationResource,
  AnnotationsResponse,
  BackfillResource,
  CatalogMetric,
  ChangeResource,
  CoverageRange,
  CoverageResponse,
  DifferenceResource,
  ErrorResponse,
  MetricResource,
  MetricsResponse,
  MultiSeriesResponse,
  ObjectResource,
  ObservedResource,
  OverviewItem,
  OverviewResponse,
  PeriodResource,
  PointResource,
  ProgressResponse,
  RankedItem,
  RankingComparison,
  RankingResponse,
  ResultResource,
  RunResource,
  RunsResponse,
  NamedSeriesResource,
  OthersResource,
  SeriesResponse,
  SummariesResponse,
  SummaryComparison,
  SummaryItem,
  SummaryResource,
  SummaryResponse,
  TaskResource,
  TopItem,
  TopResponse,
  TotalResponse,
  DriftResource,
  TrackerResource,
  TrackersResponse,
  VerifyResponse,
} from '../resources.js';

/** As much of an OpenAPI 3.0 schema as responses need. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly nullable?: boolean;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly oneOf?: readonly Schema[];
}

type Properties<T> = { readonly [K in keyof T]-?: Schema };
type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];

const text: Schema = { type: 'string' };
const number: Schema = { type: 'number' };
const integer: Schema = { type: 'integer' };
const boolean: Schema = { type: 'boolean' };
const date: Schema = { type: 'string', format: 'date' };
const instant: Schema = { type: 'string', format: 'date-time' };
const decimal: Schema = { type: 'string', format: 'decimal', nullable: true };

const nullable = (schema: Schema): Schema => ({ ...schema, nullable: true });
const list = (items: Schema): Schema => ({ type: 'array', items });
const oneOf = (...values: string[]): Schema => ({ type: 'string', enum: values });

/** Every property of a type has its schema here, or this does not compile. */
function object<T>(properties: Properties<T>, ...optional: OptionalKeys<T>[]): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name as OptionalKeys<T>));
  return { type: 'object', properties, required, additionalProperties: false };
}

const domain = object<MetricResource['domain']>({ ref: text, name: text });
const unit: Schema = { oneOf: [text, object<{ currency: string }>({ currency: text })] };
const metricProperties = {
  key: text,
  domain,
  ref: text,
  name: text,
  unit,
  better: oneOf('up', 'down'),
  gauge: boolean,
};
const metric = object<MetricResource>(metricProperties, 'unit', 'better', 'gauge');
const objectRef = object<ObjectResource>({ type: text, id: text, label: nullable(text) });
const dimensions: Schema = {
  type: 'object',
  additionalProperties: { oneOf: [nullable(text), number, boolean] },
};
const coverage = nullable(object<CoverageRange>({ from: date, through: date, timeZone: text }));
const moment = { date, start: instant };
const span = { from: date, to: date, start: instant, end: instant };
const point = object<PointResource>(
  { ...moment, value: nullable(number), exactValue: decimal, complete: boolean },
  'start',
  'exactValue',
);
const observed = object<ObservedResource>(
  { ...moment, value: nullable(number), before: nullable(number), change: nullable(number) },
  'start',
);
const page = { total: integer, limit: integer, offset: integer };
const selection = { metric, period: text, object: objectRef, statistic: text, dimensions };

const period = object<PeriodResource>({
  name: text,
  coverage,
  since: nullable(date),
  computedAt: nullable(instant),
  live: boolean,
});
const scopeOf = (kind: string, properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties: { kind: oneOf(kind), ...properties, periods: list(period) },
  required: ['kind', ...Object.keys(properties), 'periods'],
  additionalProperties: false,
});
const dimension: Schema = {
  type: 'object',
  properties: { name: text, type: oneOf('varchar', 'integer', 'boolean', 'date'), nullable: boolean },
  required: ['name', 'type', 'nullable'],
  additionalProperties: false,
};
const scope: Schema = {
  oneOf: [
    scopeOf('total', {}),
    scopeOf('objects', { objectType: text }),
    scopeOf('object', { object: objectRef }),
    scopeOf('statistic', { statistic: text, dimensions: list(dimension) }),
  ],
};

const change = object<ChangeResource>(
  {
    ...moment,
    value: number,
    previousDate: date,
    previousStart: instant,
    previousValue: number,
    absolute: number,
    relative: nullable(number),
  },
  'start',
  'previousStart',
);
const run = object<RunResource>({
  id: integer,
  status: oneOf('running', 'succeeded', 'failed', 'cancelled', 'lost'),
  slot: nullable(instant),
  triggeredBy: nullable(text),
  attempt: integer,
  startedAt: instant,
  finishedAt: nullable(instant),
  from: nullable(date),
  through: nullable(date),
  written: integer,
  removed: integer,
  error: nullable(text),
  host: nullable(text),
});
const result = object<ResultResource>({
  tracker: text,
  from: date,
  through: date,
  written: integer,
  removed: integer,
  durationMs: number,
});
const verification = object<VerifyResponse>({
  tracker: text,
  total: integer,
  differences: list(
    object<DifferenceResource>(
      { period: text, ...moment, object: objectRef, dimensions, stored: decimal, expected: decimal },
      'start',
      'object',
      'dimensions',
      'stored',
      'expected',
    ),
  ),
});
const task = object<TaskResource>({
  kind: oneOf('verify', 'repair', 'backfill'),
  tracker: text,
  from: nullable(date),
  to: nullable(date),
  status: oneOf('running', 'succeeded', 'failed', 'cancelled'),
  startedAt: instant,
  finishedAt: nullable(instant),
  date: nullable(date),
  fraction: number,
  written: integer,
  differences: integer,
  error: nullable(text),
  result: { oneOf: [nullable(verification), nullable(result)] },
});
const schedule: Schema = {
  type: 'object',
  nullable: true,
  properties: { cron: text, every: number, timeZone: text },
  required: ['timeZone'],
  additionalProperties: false,
};

const topProperties = { object: objectRef, dimensions, value: nullable(number), exactValue: decimal };
const topItem = object<TopItem>(topProperties, 'object', 'dimensions', 'exactValue');
const rankedItem = object<RankedItem>(
  { ...topProperties, before: nullable(number), absolute: nullable(number), relative: nullable(number) },
  'object',
  'dimensions',
  'exactValue',
  'before',
  'absolute',
  'relative',
);
const summary = {
  ...span,
  kind: oneOf('total', 'least', 'greatest', 'whole', 'last'),
  value: nullable(number),
  comparison: nullable(
    object<SummaryComparison>(
      {
        ...span,
        value: nullable(number),
        absolute: nullable(number),
        relative: nullable(number),
        comparable: boolean,
      },
      'start',
      'end',
    ),
  ),
};

/** The schema of every response, by the name of its type. */
export const SCHEMAS = {
  MetricsResponse: object<MetricsResponse>({
    ...page,
    metrics: list(
      object<CatalogMetric>(
        { ...metricProperties, description: nullable(text), derivedFrom: list(text), today: date, scopes: list(scope) },
        'unit',
        'better',
        'gauge',
        'derivedFrom',
      ),
    ),
  }),
  OverviewResponse: object<OverviewResponse>({
    ...page,
    points: integer,
    items: list(
      object<OverviewItem>({
        metric,
        period: nullable(text),
        last: nullable(point),
        change: nullable(change),
        sparkline: list(point),
        coverage,
      }),
    ),
  }),
  SummariesResponse: object<SummariesResponse>({
    ...page,
    points: integer,
    today: date,
    items: list(
      object<SummaryItem>(
        {
          metric,
          description: nullable(text),
          derivedFrom: list(text),
          periods: list(text),
          period: nullable(text),
          summary: nullable(object<SummaryResource>(summary, 'start', 'end')),
          trend: list(nullable(number)),
          openValues: integer,
          coverage,
          since: nullable(date),
        },
        'derivedFrom',
      ),
    ),
  }),
  SummaryResponse: object<SummaryResponse>(
    { ...selection, ...summary },
    'object',
    'statistic',
    'dimensions',
    'start',
    'end',
  ),
  SeriesResponse: object<SeriesResponse>(
    {
      ...selection,
      points: list(point),
      asOf: nullable(instant),
      comparison: nullable(object<NonNullable<SeriesResponse['comparison']>>({ points: list(point) })),
    },
    'object',
    'statistic',
    'dimensions',
  ),
  MultiSeriesResponse: object<MultiSeriesResponse>(
    {
      period: text,
      statistic: text,
      dates: list(date),
      starts: list(instant),
      comparison: nullable(
        object<NonNullable<MultiSeriesResponse['comparison']>>({ dates: list(date), starts: list(instant) }, 'starts'),
      ),
      series: list(
        object<NamedSeriesResource>(
          {
            key: text,
            metric,
            object: objectRef,
            dimensions,
            values: list(nullable(number)),
            exactValues: list(decimal),
            complete: list(boolean),
            before: list(nullable(number)),
            exactBefore: list(decimal),
          },
          'object',
          'dimensions',
          'exactValues',
          'before',
          'exactBefore',
        ),
      ),
      others: nullable(
        object<OthersResource>(
          { values: list(nullable(number)), exactValues: list(decimal), before: list(nullable(number)) },
          'exactValues',
          'before',
        ),
      ),
    },
    'statistic',
    'others',
    'starts',
  ),
  TopResponse: object<TopResponse>(
    {
      metric,
      period: text,
      ...moment,
      statistic: text,
      items: list(topItem),
      limit: integer,
      offset: integer,
      hasMore: boolean,
    },
    'start',
    'statistic',
  ),
  RankingResponse: object<RankingResponse>(
    {
      metric,
      period: text,
      ...span,
      statistic: text,
      items: list(rankedItem),
      comparison: nullable(
        object<RankingComparison>({ ...span, total: nullable(number), known: boolean }, 'start', 'end'),
      ),
      count: integer,
      total: nullable(number),
      limit: integer,
      offset: integer,
    },
    'start',
    'end',
    'statistic',
  ),
  TotalResponse: object<TotalResponse>(
    { ...selection, ...span, value: nullable(number), exactValue: decimal },
    'start',
    'end',
    'object',
    'statistic',
    'dimensions',
    'exactValue',
  ),
  CoverageResponse: object<CoverageResponse>(
    { metric, period: text, object: objectRef, objectType: text, statistic: text, coverage, today: date },
    'object',
    'objectType',
    'statistic',
  ),
  AlertsResponse: object<AlertsResponse>({
    alerts: list(
      object<AlertResource>(
        {
          name: text,
          condition: text,
          status: oneOf('ok', 'firing'),
          since: nullable(instant),
          kind: oneOf('statistic', 'tracker'),
          metric: text,
          period: text,
          object: objectRef,
          objectType: text,
          tracker: text,
          when: oneOf('below', 'above', 'changed', 'failed', 'late'),
          threshold: number,
          recoveryThreshold: number,
          observed: nullable(observed),
          crossed: nullable(observed),
          undelivered: boolean,
        },
        'metric',
        'period',
        'object',
        'objectType',
        'tracker',
        'threshold',
        'recoveryThreshold',
        'observed',
        'crossed',
      ),
    ),
  }),
  TrackersResponse: object<TrackersResponse>({
    trackers: list(
      object<TrackerResource>({
        name: text,
        metric: text,
        metrics: list(text),
        periods: list(text),
        schedule,
        nextRunAt: nullable(instant),
        lastRun: nullable(run),
        coverage: nullable(object<NonNullable<TrackerResource['coverage']>>({ from: date, through: date })),
        lagMs: nullable(number),
        late: nullable(object<NonNullable<TrackerResource['late']>>({ due: instant, lateMs: number })),
        running: boolean,
        drift: list(
          object<DriftResource>({
            metric: text,
            of: oneOf('total', 'objects', 'dimensions'),
            date,
            keys: integer,
            difference: nullable(text),
          }),
        ),
      }),
    ),
  }),
  AnnotationsResponse: object<AnnotationsResponse>({
    annotations: list(
      object<AnnotationResource>({ id: text, date, at: nullable(instant), text, domain: nullable(domain) }),
    ),
    ...page,
  }),
  RunsResponse: object<RunsResponse>({ tracker: text, runs: list(run) }),
  ActionsResponse: object<ActionsResponse>({ actions: list(oneOf('run', 'verify', 'repair', 'backfill')) }),
  ResultResource: result,
  VerifyResponse: verification,
  TaskResource: task,
  ProgressResponse: object<ProgressResponse>({ tracker: text, tasks: list(task) }),
  BackfillResource: object<BackfillResource>({
    tracker: text,
    from: date,
    to: nullable(date),
    status: oneOf('running', 'succeeded', 'failed', 'cancelled'),
    startedAt: instant,
    finishedAt: nullable(instant),
    date: nullable(date),
    fraction: number,
    written: integer,
    error: nullable(text),
  }),
  ExportText: text,
  ErrorResponse: object<ErrorResponse>({ statusCode: integer, message: list(text), error: text }),
} as const;
