import { defineDomain, defineMetric, MetricService, trackstatsMigrations } from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { describeOnEachDatabase } from '../support/databases.js';
import { closeApplications, QUIET, start } from './application.js';

const DOMAIN = defineDomain({ ref: 'measured' });
const REVENUE = defineMetric({ domain: DOMAIN, ref: 'revenue', unit: { currency: 'EUR' }, better: 'up' });
const TRAFFIC = defineMetric({ domain: DOMAIN, ref: 'traffic', unit: 'bytes' });
const PLAIN = defineMetric({ domain: DOMAIN, ref: 'plain' });
const STOCK = defineMetric({ domain: DOMAIN, ref: 'stock', gauge: true });
const SOLD = defineMetric({ domain: DOMAIN, ref: 'sold', gauge: false });

describeOnEachDatabase('units at the start of an application', (database) => {
  const warnings: string[] = [];
  beforeEach(async () => {
    QUIET.warn = (message: unknown) => warnings.push(String(message));
    const first = await start({ database: database.options({ entities: [] }) });
    const metrics = first.get(MetricService);
    for (const definition of [REVENUE, TRAFFIC, PLAIN, STOCK, SOLD]) await metrics.register(definition);
    await metrics.register({ domain: DOMAIN, ref: 'plain', unit: 'km' });
    await metrics.register({ domain: DOMAIN, ref: 'traffic', unit: 'kB', better: 'down' });
    await metrics.register({ domain: DOMAIN, ref: 'revenue', unit: null, better: null }); // as an older version stored it
    await metrics.register({ domain: DOMAIN, ref: 'stock', gauge: false });
    await metrics.register({ domain: DOMAIN, ref: 'sold', gauge: true });
    await closeApplications();
    warnings.length = 0;
  });

  afterEach(async () => {
    QUIET.warn = () => undefined;
    await closeApplications();
    await database.reset();
  });

  const startAgain = (): ReturnType<typeof start> =>
    start({
      database: { ...database.options({ entities: [] }), synchronize: false, migrations: trackstatsMigrations },
    });

  const open = (): Promise<DataSource> =>
    new DataSource({ ...database.options({ entities: [] }), synchronize: false }).initialize();

  it('are stored as they are defined, for metrics that were stored with others or without', async () => {
    const metrics = (await startAgain()).get(MetricService);
    expect((await metrics.list()).map(({ ref, unit, better, gauge }) => [ref, unit, better, gauge])).toEqual([
      ['plain', 'km', null, false],
      ['revenue', { currency: 'EUR' }, 'up', false],
      ['sold', null, null, false],
      ['stock', null, null, true],
      ['traffic', 'bytes', 'down', false],
    ]);
    expect(warnings).toEqual([]);
  });

  it('are left as they are, with a warning, where they cannot be stored', async () => {
    const dataSource = await open();
    await dataSource.query(
      database.kind === 'sqlite'
        ? `CREATE TRIGGER forbid BEFORE UPDATE ON trackstats_metric BEGIN SELECT RAISE(ABORT, 'forbidden'); END`
        : `ALTER TABLE trackstats_metric ADD CONSTRAINT forbidden CHECK (ref <> 'revenue' OR unit IS NULL)`,
    );
    await dataSource.destroy();
    const metrics = (await startAgain()).get(MetricService);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The unit, `better` or `gauge` of measured\/revenue, measured\/sold, .*measured\/traffic is not stored/,
      ),
    ]);
    expect(await metrics.find(REVENUE)).toMatchObject({ unit: null, better: null });
    expect(await metrics.find(TRAFFIC)).toMatchObject({ unit: 'kB' });
  });

  it('wait for no lock for long', async () => {
    if (database.kind === 'sqlite') return; // its transactions lock no rows
    const dataSource = await open();
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT * FROM trackstats_metric FOR UPDATE');
    const metrics = (await startAgain()).get(MetricService);
    await runner.rollbackTransaction();
    await dataSource.destroy();
    expect(warnings).toEqual([expect.stringContaining('Another transaction has locked their rows. The next start')]);
    expect(await metrics.find(REVENUE)).toMatchObject({ unit: null });
  });
});
