import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { INestApplication } from '@nestjs/common';
import {
  CountObjectsByDateAndObjectTracker,
  defineDomain,
  InvalidObjectError,
  MetricService,
  objectRef,
  Period,
  StatisticService,
  TrackerService,
  TrackstatsModule,
} from 'nestjs-trackstats';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { TrackstatsTransferModule, TransferService } from 'nestjs-trackstats/transfer';
import { Column, DataSource, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { describeOnEachDatabase } from '../support/databases.js';

@Entity()
class Page {
  @PrimaryColumn({ type: 'varchar', length: 100 })
  path!: string;
}

@Entity()
class Book {
  @PrimaryGeneratedColumn()
  id!: number;
}

@Entity()
class View {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: Date })
  at!: Date;

  @Column({ type: 'varchar', length: 100 })
  path!: string;
}

const METRIC = 'site/views';
const LIFETIME = { metric: METRIC, period: Period.LIFETIME };

/** A page may have the empty path: its rows are counted, so each way to name an object has to find it. */
describeOnEachDatabase('an object whose id is empty text', (database) => {
  let app: INestApplication;
  let statistics: StatisticService;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ ...database.options(), autoLoadEntities: true, synchronize: true }),
        TypeOrmModule.forFeature([Page, Book, View]),
        TrackstatsModule.forRoot({ scheduling: false, clock: () => new Date('2026-10-31T12:00:00Z') }),
        TrackstatsHttpModule.forRoot({ path: 'api', public: true }),
        TrackstatsTransferModule,
      ],
    }).compile();
    app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    statistics = app.get(StatisticService);
    await app.get(MetricService).register({ domain: defineDomain({ ref: 'site' }), ref: 'views' });
    const views = app.get(DataSource).getRepository(View);
    await views.save(['', '', 'about'].map((path) => ({ path, at: new Date('2026-10-30T12:00:00Z') })));
    const tracker = new CountObjectsByDateAndObjectTracker<View>({
      metric: METRIC,
      period: [Period.DAY, Period.LIFETIME],
      dateField: 'at',
      objectField: 'path',
      objectEntity: Page,
    });
    await app.get(TrackerService).track(tracker, View);
  });
  afterAll(() => app.close());

  it.each([
    ['an entity', () => Object.assign(new Page(), { path: '' })],
    ['a reference to the entity', () => objectRef(Page, '')],
    ['a reference by type', () => objectRef('page', '')],
  ])('is read by %s', async (_, object) => {
    expect(await statistics.value({ ...LIFETIME, object: object() })).toBe(2);
    const [series] = await statistics.multiSeries({ ...LIFETIME, objects: [object()], last: 1 });
    expect(series?.points.at(-1)?.value).toBe(2);
  });

  it('is named as it can be given back', async () => {
    const [first] = await statistics.top({ ...LIFETIME, objectType: Page });
    expect(first).toEqual({ object: { type: 'page', id: '' }, value: 2 });
    expect(await statistics.value({ ...LIFETIME, object: first!.object })).toBe(2);
  });

  it('is read by the JSON interface', async () => {
    const query = 'metric=site/views&period=LIFETIME&object_type=page&object_id=&last=1';
    const response = await fetch(`${await app.getUrl()}/api/series?${query}`);
    expect(await response.json()).toMatchObject({ points: [{ value: 2 }] });
  });

  it.each(['csv', 'jsonl'] as const)('is exported and imported as %s', async (format) => {
    const transfer = app.get(TransferService);
    const filter = { metrics: [METRIC], objectType: 'page' };
    const text = await textOf(await transfer.export(filter, { format }));
    await statistics.remove({ metric: METRIC, objectType: 'page', force: true });
    await transfer.import([text], { format });
    expect(await statistics.value({ ...LIFETIME, object: objectRef('page', '') })).toBe(2);
    expect(await textOf(await transfer.export(filter, { format }))).toBe(text);
  });

  it('is refused where the key is no text', () => {
    expect.assertions(1);
    return expect(statistics.value({ ...LIFETIME, object: objectRef(Book, '') })).rejects.toBeInstanceOf(
      InvalidObjectError,
    );
  });
});

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
