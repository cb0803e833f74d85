import { randomBytes } from 'node:crypto';
import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  MissingPrivilegeError,
  Period,
  StatisticService,
  Track,
  TrackerService,
} from 'nestjs-trackstats';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { TRACKSTATS_ENTITIES } from '../../lib/module/trackstats.entities.js';
import { at, closeApplications, Customer, Order, start } from '../module/application.js';
import { describeOnDatabase, type TestDatabase } from '../support/databases.js';

const ORDERS = defineMetric({ domain: defineDomain({ ref: 'shop' }), ref: 'orders' });

@Track({ metric: ORDERS, source: Order, dateField: 'createdAt', period: [Period.DAY, Period.days(7)], name: 'orders' })
class Orders extends CountObjectsByDateTracker {}

/** The rights that the guide names, without the one for temporary tables, and that one. */
const RIGHTS = {
  postgres: (name: string, user: string) => ({
    make: [
      `CREATE ROLE ${user} LOGIN`,
      `REVOKE TEMPORARY ON DATABASE ${name} FROM PUBLIC`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${user}`,
      `GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${user}`,
    ],
    grant: `GRANT TEMPORARY ON DATABASE ${name} TO ${user}`,
    remove: [`DROP OWNED BY ${user}`, `DROP ROLE ${user}`],
  }),
  mariadb: (name: string, user: string) => ({
    make: [`CREATE USER '${user}'@'%'`, `GRANT SELECT, INSERT, UPDATE, DELETE ON \`${name}\`.* TO '${user}'@'%'`],
    grant: `GRANT CREATE TEMPORARY TABLES ON \`${name}\`.* TO '${user}'@'%'`,
    remove: [`DROP USER '${user}'@'%'`],
  }),
};

function describeRights(kind: keyof typeof RIGHTS): void {
  describeOnDatabase(kind, 'a user without the right to create temporary tables', (database: TestDatabase) => {
    const user = `trackstats_test_${randomBytes(5).toString('hex')}`;
    let owner: DataSource;
    afterEach(closeApplications);

    it('is refused at start by the statement that grants it, and with it needs no more', async () => {
      // the owner's start makes the keys exact; after that the user need not alter tables
      await closeAfterStart(database);
      owner = await database.open({ entities: [...TRACKSTATS_ENTITIES, Order, Customer], synchronize: false });
      const rights = RIGHTS[kind](String(owner.options.database), user);
      for (const statement of rights.make) await owner.query(statement);
      try {
        const options = { ...database.options({ synchronize: false }), username: user } as DataSourceOptions;
        const refused = start({ database: options, providers: [Orders] });
        await expect(refused).rejects.toThrow(MissingPrivilegeError);
        await expect(refused).rejects.toMatchObject({
          message: expect.stringContaining(`"${rights.grant}"`) as string,
        });
        await closeApplications();
        await owner.query(rights.grant);
        await owner.getRepository(Order).save({ createdAt: at('2026-10-31T10:00') });
        const module = await start({ database: options, providers: [Orders] });
        const trackers = module.get(TrackerService);
        await trackers.run('orders');
        await trackers.run('orders');
        expect(await trackers.verify('orders')).toEqual([]);
        expect(await module.get(StatisticService).value({ metric: ORDERS, period: Period.days(7) })).toBe(1);
      } finally {
        await closeApplications();
        for (const statement of rights.remove) await owner.query(statement);
      }
    });
  });
}

async function closeAfterStart(database: TestDatabase): Promise<void> {
  await start({ database: database.options(), providers: [Orders] });
  await closeApplications();
}

describeRights('postgres');
describeRights('mariadb');
