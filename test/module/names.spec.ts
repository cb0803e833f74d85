import { Injectable } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import * as trackstats from 'nestjs-trackstats';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  MetricService,
  Period,
  StatisticService,
  Track,
  TRACKSTATS_ENTITIES,
  TrackerService,
} from 'nestjs-trackstats';
import {
  Column,
  DataSource,
  Entity,
  EntitySchema,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
  type Relation,
  type Repository,
} from 'typeorm';
import { describeOnEachDatabase } from '../support/databases.js';
import { closeApplications, NOW, start } from './application.js';

/** Entities of an application whose classes have the names of the library's. */
@Entity({ name: 'own_domain' })
class Domain {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'varchar', length: 50 })
  host!: string;

  @OneToMany('Metric', 'domain')
  metrics!: Relation<Metric>[];
}

@Entity({ name: 'own_metric' })
class Metric {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: Date })
  createdAt!: Date;

  @ManyToOne('Domain', 'metrics')
  domain!: Relation<Domain>;
}

/** A class of a given name with a table of its own. */
function entityNamed(name: string): new () => { id: number; mine: string } {
  const named = {
    [name]: class {
      id!: number;
      mine!: string;
    },
  }[name]!;
  PrimaryGeneratedColumn({ type: 'integer' })(named.prototype, 'id');
  Column({ type: 'varchar', length: 10 })(named.prototype, 'mine');
  Entity({ name: `own_${name.toLowerCase()}` })(named);
  return named;
}

const OTHERS = [
  'Coverage',
  'StatisticByDate',
  'StatisticByDateAndObject',
  'TrackerState',
  'TrackerRunRecord',
  'Statistic',
  'Tracker',
  'Run',
].map(entityNamed);

/** An entity without a class is known by its name alone. */
const Schema = new EntitySchema<{ id: number }>({
  name: 'Period',
  tableName: 'own_period',
  columns: { id: { type: 'integer', primary: true, generated: true } },
});

const OWN = defineMetric({ domain: defineDomain({ ref: 'own' }), ref: 'metrics' });

@Track({ metric: OWN, source: Metric, dateField: 'createdAt', period: Period.DAY })
class MetricTracker extends CountObjectsByDateTracker {}

@Injectable()
class Repositories {
  constructor(
    @InjectRepository(Metric) readonly metrics: Repository<Metric>,
    @InjectRepository(Domain) readonly domains: Repository<Domain>,
    @InjectRepository(trackstats.Metric) readonly ourMetrics: Repository<trackstats.Metric>,
    @InjectRepository(trackstats.Domain) readonly ourDomains: Repository<trackstats.Domain>,
    @InjectRepository(trackstats.StatisticByDate) readonly values: Repository<trackstats.StatisticByDate>,
    @InjectRepository(trackstats.StatisticByDateAndObject)
    readonly objectValues: Repository<trackstats.StatisticByDateAndObject>,
  ) {}
}

describeOnEachDatabase('an application whose entities have the names of the library', (database) => {
  afterEach(async () => {
    await closeApplications();
    await database.reset();
  });

  it.each(['before', 'after'])('keeps its relations, repositories and names, registered %s ours', async (order) => {
    const own = [Metric, Domain, ...OTHERS, Schema];
    const module = await start({
      database: database.options(),
      entities: order === 'before' ? (own as (typeof Metric)[]) : [],
      imports: order === 'after' ? [TypeOrmModule.forFeature(own)] : [],
      providers: [Repositories, MetricTracker],
    });
    const dataSource = module.get(DataSource);
    const repositories = module.get(Repositories, { strict: false });

    const domain = await repositories.domains.save({ host: 'example.org' });
    await repositories.metrics.save([NOW, NOW].map((createdAt) => ({ createdAt, domain })));
    expect(await repositories.metrics.find({ relations: { domain: true } })).toMatchObject([
      { domain: { host: 'example.org' } },
      { domain: { host: 'example.org' } },
    ]);
    expect(await repositories.domains.find({ relations: { metrics: true } })).toMatchObject([{ metrics: [{}, {}] }]);

    for (const entity of [Metric, Domain, ...OTHERS]) {
      expect(dataSource.getMetadata(entity.name).target).toBe(entity);
    }
    expect(dataSource.getRepository('Metric').metadata.tableName).toMatch(/own_metric$/);
    expect(dataSource.getRepository(Schema).metadata.tableName).toMatch(/own_period$/);

    await module.get(TrackerService).run(MetricTracker);
    const metric = await module.get(MetricService).resolve(OWN);
    expect(metric).toBeInstanceOf(trackstats.Metric);
    expect(await module.get(StatisticService).value({ metric: OWN })).toBe(2);
    expect(await repositories.ourMetrics.find()).toMatchObject([{ ref: 'metrics', domain: { ref: 'own' } }]);
    expect(await repositories.ourDomains.countBy({ ref: 'own' })).toBe(1);
    expect(await repositories.values.find({ relations: { metric: true } })).toMatchObject([
      { metric: { ref: 'metrics' }, date: '2026-10-31', value: 2 },
    ]);
    expect(await repositories.objectValues.count()).toBe(0);
  });

  it('finds no two entities of one name, and every table of ours as it was', async () => {
    const dataSource = await database.open({ entities: [...TRACKSTATS_ENTITIES, Metric, Domain, ...OTHERS, Schema] });
    const names = dataSource.entityMetadatas.map(({ name }) => name);
    expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
    expect(TRACKSTATS_ENTITIES.map((entity) => dataSource.getMetadata(entity).tableNameWithoutPrefix)).toEqual([
      'trackstats_domain',
      'trackstats_metric',
      'trackstats_statistic_by_date',
      'trackstats_statistic_by_date_and_object',
      'trackstats_statistic_by_time',
      'trackstats_statistic_by_time_and_object',
      'trackstats_increment_key',
      'trackstats_coverage',
      'trackstats_annotation',
      'trackstats_tracker',
      'trackstats_run',
      'trackstats_alert',
    ]);
  });
});
