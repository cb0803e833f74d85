import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { SessionSettingError } from 'nestjs-trackstats';
import { Column, DataSource, Entity, PrimaryColumn, type DataSourceOptions } from 'typeorm';
import { Database } from '../../lib/database/database.js';
import { AbstractStatistic } from '../../lib/statistics/tables/abstract-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { Period } from '../../lib/time/period.js';
import { ORDERS, services, VISITS } from '../statistics/setup.js';
import { definitionOf, Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';

const SERVER = process.env['TRACKSTATS_TEST_MARIADBD'] ?? '/usr/sbin/mariadbd';
const INSTALL = ['/usr/bin/mariadb-install-db', '/usr/bin/mysql_install_db'].find((path) => existsSync(path));
const isThere = existsSync(SERVER) && INSTALL !== undefined;

@Entity()
class Parcel {
  @PrimaryColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'date' })
  sent!: string;

  @Column({ type: 'varchar', length: 20 })
  town!: string;
}

@Entity()
class ParcelsByTown extends AbstractStatistic {
  @Dimension({ type: 'varchar', length: 20 })
  town!: string;
}

const ENTITIES = [...TRACKSTATS_ENTITIES, Parcel, ParcelsByTown];
const NOW = new Date('2026-03-05T12:00:00Z');

/** A server of the spec's own, in a temporary folder: such settings are the server's. */
class OwnServer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'trackstats-mariadb-'));
  private process: ChildProcess | undefined;
  port = 0;

  async start(...settings: string[]): Promise<void> {
    const data = join(this.folder, 'data');
    const user = `--user=${userInfo().username}`;
    execFileSync(
      INSTALL ?? '',
      ['--no-defaults', `--datadir=${data}`, user, '--auth-root-authentication-method=normal', '--skip-test-db'],
      { stdio: 'ignore' },
    );
    this.port = await freePort();
    this.process = spawn(
      SERVER,
      [
        '--no-defaults',
        `--datadir=${data}`,
        user,
        `--port=${String(this.port)}`,
        '--bind-address=127.0.0.1',
        `--socket=${join(this.folder, 'socket')}`,
        '--innodb-flush-log-at-trx-commit=0',
        ...settings,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    await this.ready(this.process);
    const connection = await mysql.createConnection({ host: '127.0.0.1', port: this.port, user: 'root' });
    await connection.query('CREATE DATABASE parcels');
    await connection.end();
  }

  options(): DataSourceOptions {
    return {
      type: 'mariadb',
      host: '127.0.0.1',
      port: this.port,
      username: 'root',
      database: 'parcels',
      synchronize: true,
      entities: ENTITIES,
    };
  }

  async stop(): Promise<void> {
    const { process } = this;
    if (process !== undefined) {
      const ended = new Promise((resolve) => process.once('exit', resolve));
      process.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Resolves when the server says that it takes connections. */
  private ready({ stderr }: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      let said = '';
      stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('ready for connections')) resolve();
      });
      stderr?.on('close', () => {
        reject(new Error(said));
      });
    });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

if (!isThere) console.warn(`No server of the spec's own: ${SERVER} or mariadb-install-db is not there.`);

(isThere ? describe : describe.skip)('a server that demands a primary key of every table', () => {
  const server = new OwnServer();
  let dataSource: DataSource;
  let elsewhere: DataSource;

  beforeAll(async () => {
    await server.start('--innodb-force-primary-key=1', '--log-bin', '--binlog-format=MIXED');
    dataSource = await new DataSource(server.options()).initialize();
    elsewhere = await new DataSource({
      type: 'better-sqlite3',
      database: ':memory:',
      synchronize: true,
      entities: ENTITIES,
    }).initialize();
    const parcels = [
      { id: 1, sent: '2026-03-01', town: 'Bari' },
      { id: 2, sent: '2026-03-01', town: 'bari' },
      { id: 3, sent: '2026-03-04', town: 'Bari' },
    ];
    for (const source of [dataSource, elsewhere]) await source.getRepository(Parcel).insert(parcels);
  }, 120_000);

  afterAll(async () => {
    await dataSource.destroy();
    await elsewhere.destroy();
    await server.stop();
  });

  it('does refuse tables without one', async () => {
    const made = dataSource.query('CREATE TEMPORARY TABLE keyless (a INT)');
    await expect(made).rejects.toMatchObject({ errno: 1173 });
  });

  it.each(['the same database', 'another database'])('counts a source in %s', async (place) => {
    const isSame = place === 'the same database';
    const [s, engine] = [await services(dataSource), await Engine.on(dataSource, isSame ? dataSource : elsewhere)];
    const source = isSame ? Parcel : elsewhere.getRepository(Parcel);
    const byTown = definitionOf({
      metric: isSame ? VISITS : ORDERS,
      dateField: 'sent',
      periods: [Period.DAY, Period.days(2), Period.LIFETIME],
      density: 'daily',
      target: { kind: 'dimensions', statistic: ParcelsByTown, dimensions: { town: 'town' } },
    });
    await engine.run(byTown, source, { now: NOW });
    expect(await engine.run(byTown, source, { now: NOW })).toMatchObject({ written: 0, removed: 0 });
    expect(await engine.verify(byTown, source)).toEqual([]);
    const found = await s.statistics.find({
      metric: byTown.metric,
      period: Period.LIFETIME,
      entity: ParcelsByTown,
      from: '2026-03-05',
    });
    expect(found.map(({ town, value }) => [town, value]).sort()).toEqual([
      ['Bari', 2],
      ['bari', 1],
    ]);
  });

  it('and logs statements only, is refused', async () => {
    await dataSource.query("SET GLOBAL binlog_format = 'STATEMENT'");
    const other = await new DataSource({ ...server.options(), synchronize: false }).initialize();
    try {
      const refused = new Database(other).checkSession();
      await expect(refused).rejects.toThrow(SessionSettingError);
      await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('binlog_format') as string });
    } finally {
      await other.destroy();
      await dataSource.query("SET GLOBAL binlog_format = 'MIXED'");
    }
  });
});
