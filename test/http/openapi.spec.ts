import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { StatisticService } from 'nestjs-trackstats';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { closeServed, OrdersByRegion, serve, TEMPERATURE, type Served } from './application.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Schema = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- as JSON is

const admitting = { canActivate: () => true };
const OPEN = { guards: [admitting], actionGuards: [admitting] };

/** What is wrong with a value by a schema; enough of JSON schema for ours. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as JSON is
function problems(schema: Schema, value: any, path = ''): string[] {
  if (schema['oneOf'] !== undefined) {
    const all = (schema['oneOf'] as Schema[]).map((one) => problems(one, value, path));
    return all.some(({ length }) => length === 0) ? [] : [`${path} fits none of: ${JSON.stringify(all)}`];
  }
  if (value === null) return schema['nullable'] === true ? [] : [`${path} is null`];
  const type = Array.isArray(value) ? 'array' : typeof value;
  const expected = schema['type'] === 'integer' ? 'number' : schema['type'];
  if (type !== expected) return [`${path} is ${type}, not ${expected}`];
  if (schema['enum'] !== undefined && !schema['enum'].includes(value)) return [`${path} is ${value}`];
  if (schema['format'] === 'date' && !/^\d{4}-\d\d-\d\d$/.test(value)) return [`${path} is no date`];
  if (schema['format'] === 'date-time' && !/Z$/.test(value)) return [`${path} is no instant`];
  if (type === 'array')
    return value.flatMap((one: unknown, place: number) => problems(schema['items'], one, `${path}[${place}]`));
  if (type !== 'object') return [];
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
  return [
    ...((schema['required'] ?? []) as string[])
      .filter((name) => !(name in value))
      .map((name) => `${path}.${name} is missing`),
    ...Object.keys(value).flatMap((name) => {
      const own = properties[name] ?? schema['additionalProperties'];
      return typeof own === 'object'
        ? problems(own, value[name], `${path}.${name}`)
        : [`${path}.${name} is not described`];
    }),
  ];
}

describe('the OpenAPI document', () => {
  let served: Served;
  let paths: Record<string, Record<string, Operation>>;

  beforeAll(async () => {
    served = await serve([
      TrackstatsHttpModule.forRoot(OPEN),
      TrackstatsHttpModule.forRoot({ path: 'second', ...OPEN }),
    ]);
    const document = SwaggerModule.createDocument(served.app, new DocumentBuilder().setTitle('Shop').build());
    paths = document.paths as typeof paths;
    const statistics = served.app.get(StatisticService);
    const dimensions = { country: 'NL', province: null, floor: 1 };
    await statistics.record({ metric: TEMPERATURE, entity: OrdersByRegion, dimensions, value: 1 });
    await statistics.record({ metric: TEMPERATURE, value: 1 });
  });
  afterAll(closeServed);

  it('lists every route with its parameters and responses', () => {
    const listed = Object.entries(paths)
      .filter(([path]) => path.startsWith('/trackstats/'))
      .flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, { parameters = [], requestBody, responses }]) => [
          `${method} ${path}`,
          parameters.map((one) => ('name' in one ? `${one.name}${one.required === true ? '!' : ''}` : '')).join(' '),
          requestBody === undefined ? '' : 'body',
          Object.keys(responses).join(' '),
        ]),
      );
    expect(listed).toMatchSnapshot();
  });

  it('describes a parameter with what it may be', () => {
    const find = (path: string, wanted: string) =>
      paths[path]?.['get']?.parameters?.find((one) => 'name' in one && one.name === wanted);
    expect(find('/trackstats/series', 'fill')).toEqual({
      name: 'fill',
      in: 'query',
      required: false,
      description: 'the value of dates without a row',
      schema: { type: 'string', enum: ['period', 'zero', 'previous', 'null'], default: 'period' },
    });
    expect(find('/trackstats/multi-series', 'metric')).toMatchObject({
      required: true,
      schema: { type: 'array', items: { type: 'string', maxLength: 201 } },
    });
  });

  it('is the same for a second registration', () => {
    const of = (base: string) => JSON.stringify(paths[`${base}/overview`]?.['get']?.parameters);
    expect(of('/second')).toBe(of('/trackstats'));
    expect(Object.keys(paths).filter((path) => path.startsWith('/second/'))).toHaveLength(22);
  });

  it('says what is answered', async () => {
    const cell = 'statistic=orders_by_region&dimension.country=NL&null_dimension=province&dimension.floor=1';
    const asked = [
      'metrics',
      'overview',
      'overview?period=WEEK',
      'series?metric=shop/orders&compare=previous&exact=true',
      `series?metric=air/temperature&${cell}`,
      'series?metric=shop/by_customer&object_type=customer&object_id=1',
      'multi-series?metric=shop/orders&exact=true',
      'multi-series?metric=air/temperature&statistic=orders_by_region',
      'multi-series?metric=shop/by_customer&object_type=customer&object_id=1',
      'top?metric=air/temperature&statistic=orders_by_region&exact=true',
      'total?metric=shop/orders&exact=true',
      'coverage?metric=shop/by_customer&object_type=customer',
      `coverage?metric=air/temperature&${cell}`,
      'trackers',
      'alerts',
      'trackers/actions',
      'trackers/OrderTracker/runs',
    ];
    for (const route of asked) {
      const { body } = await served.get(`trackstats/${route}`);
      expect([route, problems(schemaOf(route, 'get', '200'), body)]).toEqual([route, []]);
    }
    const writes: [string, object][] = [
      ['run', {}],
      ['verify', {}],
      ['verify', { background: true }],
      ['repair', {}],
      ['repair', { background: true }],
      ['backfill', { from: '2026-10-01' }],
    ];
    for (const [action, given] of writes) {
      const answer = await served.post(`trackstats/trackers/OrderTracker/${action}`, given);
      const schema = schemaOf(`trackers/OrderTracker/${action}`, 'post', String(answer.status));
      expect([action, problems(schema, answer.body)]).toEqual([action, []]);
    }
    for (const route of ['trackers/OrderTracker/backfill', 'trackers/OrderTracker/progress']) {
      const { body } = await served.get(`trackstats/${route}`);
      expect([route, problems(schemaOf(route, 'get', '200'), body)]).toEqual([route, []]);
    }
    const wrong = await served.get('trackstats/series');
    expect(problems(schemaOf('series', 'get', '400'), wrong.body)).toEqual([]);
  });

  function schemaOf(route: string, method: string, status: string): Schema {
    const path = `/trackstats/${route.split('?')[0] ?? ''}`.replace('OrderTracker', '{name}');
    const response = paths[path]?.[method]?.responses[status];
    return (response as { content: Record<string, { schema: Schema }> }).content['application/json']!.schema;
  }
});
