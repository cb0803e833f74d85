import { Period, StatisticByDateAndObject, TrackerOwnedError } from 'nestjs-trackstats';
import {
  ImportRefusedError,
  MissingDjangoTableError,
  type TransferService,
  UnmappedContentTypesError,
} from 'nestjs-trackstats/transfer';
import type { DataSource } from 'typeorm';
import { describeOnEachDatabase, describeOnPairs } from '../support/databases.js';
import { Customer, setup, type Setup } from '../statistics/setup.js';
import { goldenRows, insert, makeDjangoTables } from './django.js';
import { transferOf } from './setup.js';

const STATISTIC = ['id', 'metric_id', 'period', 'date', 'value'];
const BY_OBJECT = [...STATISTIC, 'object_type_id', 'object_id'];

describeOnEachDatabase('statistics', (here) => {
  describeOnEachDatabase('of django-trackstats', (there) => {
    let shop: Setup;
    let transfer: TransferService;
    let django: DataSource;
    beforeEach(async () => {
      shop = await setup(here);
      transfer = transferOf(shop);
      django = await there.open({ entities: [], synchronize: false });
    });
    afterEach(() => there.reset());

    async function stored(): Promise<unknown[]> {
      const rows = await shop.dataSource.getRepository(StatisticByDateAndObject).find();
      return rows.map(({ objectType, objectId, exactValue }) => [objectType, objectId, exactValue]);
    }

    it('come along: what the real one computed, with its names', async () => {
      await makeDjangoTables(django, there.kind);
      await insert(
        django,
        'django_content_type',
        ['id', 'app_label', 'model'],
        [
          [1, 'admin', 'logentry'],
          [7, 'auth', 'user'],
        ],
      );
      await insert(
        django,
        'trackstats_domain',
        ['id', 'ref', 'name'],
        [
          [3, 'forum', 'Forum'],
          [4, 'blank', ''],
        ],
      );
      await insert(
        django,
        'trackstats_metric',
        ['id', 'domain_id', 'ref', 'name', 'description'],
        [
          [5, 3, 'comments', "Comments' number", 'All\nof them'],
          [6, 4, 'unused', '', ''],
        ],
      );
      const total = goldenRows('count.LIFETIME.UTC');
      const byUser = goldenRows('byuser.DAY.UTC');
      expect([total.length, byUser.length]).toEqual([407, 9592]);
      const code = (period: string): number => Period.parse(period);
      await insert(
        django,
        'trackstats_statisticbydate',
        STATISTIC,
        total.map(({ date, period, value }, id) => [id + 1, 5, code(period), date, Number(value)]),
      );
      await insert(
        django,
        'trackstats_statisticbydateandobject',
        BY_OBJECT,
        byUser.map(({ date, period, object, value }, id) => [
          2 * id + 1,
          5,
          code(period),
          date,
          Number(value),
          7,
          Number(object),
        ]),
      );

      const result = await transfer.importDjango({ dataSource: django, contentTypes: { 'auth.user': Customer } });
      expect(result).toEqual({
        rows: 407 + 9592,
        coverages: 0,
        annotations: 0,
        createdMetrics: ['blank/unused', 'forum/comments'],
        skipped: [],
      });
      const metrics = await shop.metrics.list();
      expect(metrics.map(({ key, name, description, domain }) => [key, name, description, domain.name])).toEqual([
        ['blank/unused', 'unused', null, 'blank'],
        ['forum/comments', "Comments' number", 'All\nof them', 'Forum'],
      ]);
      const metric = 'forum/comments';
      const days = await shop.statistics.find({ metric, period: Period.LIFETIME });
      expect(days.map(({ date, exactValue }) => [date, exactValue])).toEqual(
        total.map(({ date, value }) => [date, value]),
      );
      const objects = await shop.statistics.find({ metric, period: Period.DAY, objectType: Customer });
      const shown = (all: string[][]): string[] => all.map((row) => row.join(' ')).sort();
      expect(shown(objects.map(({ date, objectId, exactValue }) => [date, objectId, String(exactValue)]))).toEqual(
        shown(byUser.map(({ date, object, value }) => [date, object, value])),
      );
    });

    it('are read from tables of other names, and keep NULL and every digit', async () => {
      await makeDjangoTables(django, there.kind, 'old_');
      await insert(django, 'old_django_content_type', ['id', 'app_label', 'model'], [[1, 'shop', 'product']]);
      await insert(django, 'old_trackstats_domain', ['id', 'ref', 'name'], [[1, 'a', 'A']]);
      await insert(
        django,
        'old_trackstats_metric',
        ['id', 'domain_id', 'ref', 'name', 'description'],
        [[1, 1, 'b', 'B', '']],
      );
      await django.query(
        `INSERT INTO ${django.driver.escape('old_trackstats_statisticbydateandobject')} (${BY_OBJECT.map((name) => django.driver.escape(name)).join(', ')})
VALUES (1, 1, 0, '2020-02-29', 9223372036854775807, 1, 2147483647), (2, 1, 2419200, '2020-02-29', NULL, 1, 1)`,
      );
      const tables = {
        ...{ domain: 'old_trackstats_domain', metric: 'old_trackstats_metric', contentType: 'old_django_content_type' },
        ...{ byDate: 'old_trackstats_statisticbydate', byDateAndObject: 'old_trackstats_statisticbydateandobject' },
      };
      const options = { dataSource: django, tables, contentTypes: { 'shop.product': 'product' } };
      shop.owners.own('a/b', [Period.LIFETIME], 'objects:product', 'ProductTracker');
      await expect(transfer.importDjango(options)).rejects.toThrow(TrackerOwnedError);
      expect(await transfer.importDjango({ ...options, force: true })).toMatchObject({ rows: 2 });
      expect(await stored()).toEqual(
        expect.arrayContaining([
          ['product', '2147483647', '9223372036854775807'],
          ['product', '1', null],
        ]),
      );
    });

    it('are refused where content types have no object type, and all of these are named', async () => {
      await makeDjangoTables(django, there.kind);
      const types = [1, 2, 3].map((id) => [id, 'shop', `model${String(id)}`]);
      await insert(django, 'django_content_type', ['id', 'app_label', 'model'], [...types, [4, 'shop', 'unused']]);
      await insert(django, 'trackstats_domain', ['id', 'ref', 'name'], [[1, 'a', 'A']]);
      await insert(
        django,
        'trackstats_metric',
        ['id', 'domain_id', 'ref', 'name', 'description'],
        [[1, 1, 'b', 'B', '']],
      );
      await insert(
        django,
        'trackstats_statisticbydateandobject',
        BY_OBJECT,
        [1, 2, 3].map((type) => [type, 1, 86400, '2020-01-01', 1, type, 1]),
      );
      const refused: unknown = await transfer
        .importDjango({ dataSource: django, contentTypes: { 'shop.model2': Customer } })
        .catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(UnmappedContentTypesError);
      expect((refused as UnmappedContentTypesError).contentTypes).toEqual(['shop.model1', 'shop.model3']);
      expect(await shop.metrics.list()).toEqual([]);
    });

    it('are refused where refs or periods are none here, with table and id', async () => {
      await makeDjangoTables(django, there.kind);
      await insert(django, 'trackstats_domain', ['id', 'ref', 'name'], [[1, 'a', 'A']]);
      await insert(
        django,
        'trackstats_metric',
        ['id', 'domain_id', 'ref', 'name', 'description'],
        [
          [1, 1, 'b', 'B', ''],
          [2, 1, 'order count', 'B', ''],
        ],
      );
      await insert(django, 'trackstats_statisticbydate', STATISTIC, [
        [8, 1, 86400, '2020-01-01', 1],
        [9, 1, 3600, '2020-01-01', 1],
      ]);
      const refused: unknown = await transfer.importDjango({ dataSource: django }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ImportRefusedError);
      expect((refused as ImportRefusedError).problems).toEqual([
        { line: 2, table: 'trackstats_metric', reason: expect.stringContaining('order count') as unknown },
        {
          line: 9,
          table: 'trackstats_statisticbydate',
          reason: expect.stringContaining('A value of HOUR is stored under the first instant') as unknown,
        },
      ]);
      expect(await shop.metrics.list()).toEqual([]);
    });

    it('are not looked for where their tables are not', async () => {
      await expect(transfer.importDjango({ dataSource: django })).rejects.toThrow(MissingDjangoTableError);
      await makeDjangoTables(django, there.kind);
      const tables = { metric: 'x" UNION SELECT' };
      await expect(transfer.importDjango({ dataSource: django, tables })).rejects.toThrow('UNION SELECT');
    });
  });
});

describeOnPairs('statistics of django-trackstats with other refs', (here, there) => {
  let shop: Setup;
  let transfer: TransferService;
  let django: DataSource;
  beforeEach(async () => {
    shop = await setup(here);
    transfer = transferOf(shop);
    django = await there.open({ entities: [], synchronize: false });
    await makeDjangoTables(django, there.kind);
    await insert(django, 'django_content_type', ['id', 'app_label', 'model'], [[1, 'admin', 'logentry']]);
    await insert(
      django,
      'trackstats_domain',
      ['id', 'ref', 'name'],
      [
        [1, 'web shop', 'Web shop'],
        [2, 'forum', 'Forum'],
        [3, 'empty', 'Empty'],
      ],
    );
    await insert(
      django,
      'trackstats_metric',
      ['id', 'domain_id', 'ref', 'name', 'description'],
      [
        [1, 1, 'order count', 'Orders', ''],
        [2, 1, 'visits', 'Visits', ''],
        [3, 2, 'posts', 'Posts', ''],
        [4, 2, 'likes', 'Likes', ''],
      ],
    );
    await insert(
      django,
      'trackstats_statisticbydate',
      STATISTIC,
      [1, 2, 3, 3, 4].map((metric, id) => [id + 1, metric, 86400, `2020-01-0${id + 1}`, id]),
    );
    await insert(django, 'trackstats_statisticbydate', STATISTIC, [[9, 3, 7, '2020-01-01', 1]]);
    await insert(django, 'trackstats_statisticbydateandobject', BY_OBJECT, [[1, 3, 86400, '2020-01-01', 1, 1, 1]]);
  });

  afterEach(() => there.reset());

  it('keep the name of the domain where a metric of it has another ref here', async () => {
    await transfer.importDjango({
      dataSource: django,
      contentTypes: { 'admin.logentry': null },
      domains: { 'web shop': 'shop' },
      metrics: { 'web shop/order count': null, 'web shop/visits': 'shop/hits' },
      skipInvalid: true,
    });
    expect((await shop.metrics.find('shop/hits'))?.domain.name).toBe('Web shop');
  });

  it('are mapped by domain and metric, and what is left out is listed', async () => {
    const result = await transfer.importDjango({
      dataSource: django,
      contentTypes: { 'admin.logentry': null },
      domains: { 'web shop': 'shop' },
      metrics: { 'web shop/order count': 'sales/orders', 'forum/likes': null },
      skipInvalid: true,
    });
    expect(result).toEqual({
      rows: 4,
      coverages: 0,
      annotations: 0,
      createdMetrics: ['forum/posts', 'sales/orders', 'shop/visits'],
      skipped: [
        { table: 'trackstats_domain', ref: 'empty', rows: 1, reason: 'It has no metrics.' },
        { table: 'trackstats_metric', ref: 'forum/likes', rows: 1, reason: 'It is mapped to null.' },
        { table: 'trackstats_statisticbydate', ref: 'forum/likes', rows: 1, reason: 'It is mapped to null.' },
        {
          table: 'trackstats_statisticbydate',
          ref: 'forum/posts',
          rows: 1,
          reason: expect.stringContaining('7') as unknown,
        },
        {
          table: 'trackstats_statisticbydateandobject',
          ref: 'forum/posts',
          rows: 1,
          reason: 'Its content type is mapped to null.',
        },
      ],
    });
    const metrics = await shop.metrics.list();
    expect(metrics.map(({ key, name, domain }) => [key, name, domain.name])).toEqual([
      ['forum/posts', 'Posts', 'Forum'],
      ['sales/orders', 'Orders', 'sales'],
      ['shop/visits', 'Visits', 'Web shop'],
    ]);
  });

  it('are refused where the mapping names none, or makes one of two', async () => {
    const options = { dataSource: django, contentTypes: { 'admin.logentry': null } };
    await expect(transfer.importDjango({ ...options, domains: { 'web-shop': 'shop' } })).rejects.toThrow(
      'domains is "web-shop". django-trackstats has none with this ref. Did you mean "web shop"?',
    );
    await expect(transfer.importDjango({ ...options, metrics: { visits: 'shop/visits' } })).rejects.toThrow(
      'metrics is "visits". django-trackstats has none with this ref.',
    );
    await expect(transfer.importDjango({ ...options, metrics: { 'forum/likes': 'forum/posts' } })).rejects.toThrow(
      'Both "forum/posts" and "forum/likes" would become this metric.',
    );
    expect(await shop.metrics.list()).toEqual([]);
  });
});
