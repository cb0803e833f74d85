import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Settings } from './application/settings.js';
import { ENTITIES, Ledger } from './ledger.js';
import { HAS_POSTGRES, PrivatePostgres } from './private-postgres.js';
import { type ShopProcess, ShopProgram } from './shop-process.js';

const SMALL = 'size=24m';

/** A small file system of its own; null where this user may not mount one. */
function smallDisk(): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'trackstats-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', SMALL, 'tmpfs', directory]).status === 0) return directory;
  rmSync(directory, { recursive: true });
  return null;
}

const disk = smallDisk();
const onSmallDisk = disk === null ? describe.skip : describe;

/** Takes all room that is left, to the last page. */
function fill(directory: string): void {
  for (let size = 1 << 20; size >= 512; size >>= 1) {
    const name = join(directory, `filler-${size}`);
    try {
      writeFileSync(name, Buffer.alloc(Math.floor(statfsSync(directory).bavail * statfsSync(directory).bsize)), {
        flag: 'wx',
      });
    } catch {
      // as much as there was room for
    }
  }
}

function free(directory: string): void {
  for (const name of readdirSync(directory)) if (name.startsWith('filler-')) unlinkSync(join(directory, name));
}

onSmallDisk('a disk that is full', () => {
  const program = new ShopProgram();
  const server = HAS_POSTGRES ? new PrivatePostgres() : null;
  afterEach(async () => {
    await program.killAll();
    free(disk!);
  });
  afterAll(async () => {
    await program.remove();
    server?.remove();
    execFileSync('umount', ['-l', disk!]);
    rmSync(disk!, { recursive: true });
  });

  /** Runs each second; what fails has no chance until there is room again, and then goes on by itself. */
  async function survives(database: DataSourceOptions, message: RegExp): Promise<void> {
    const dataSource = await new DataSource({
      ...database,
      entities: ENTITIES,
      synchronize: true,
    }).initialize();
    const ledger = new Ledger(dataSource);
    await ledger.fill(1);
    const settings: Settings = {
      database,
      now: '2026-11-14T23:59:59.999Z',
      scheduling: { retryDelay: 100 },
      trackers: { amounts: { every: 1000 } },
    };
    const shop: ShopProcess = await program.start(settings);
    await shop.next('finished', 'amounts');
    const before = await ledger.storedAmounts();
    fill(disk!);
    await expect(shop.call('writers', 'grow')).rejects.toThrow(message);
    expect(await ledger.storedAmounts()).toEqual(before);
    free(disk!);
    await ledger.change();
    // nobody does anything for it: the schedule goes on
    await shop.next('finished', 'amounts');
    await shop.next('finished', 'amounts');
    expect(await shop.call('trackers', 'verify', 'amounts')).toEqual([]);
    expect((await shop.kill('SIGTERM')).code).toBe(0);
    await dataSource.destroy();
  }

  it('refuses what has no room on SQLite, and keeps what there is', async () => {
    await survives(
      { type: 'better-sqlite3', database: join(disk!, 'shop.sqlite') },
      /disk is full|database or disk|I\/O/i,
    );
  });

  (HAS_POSTGRES ? it : it.skip)('refuses what has no room on PostgreSQL, and keeps what there is', async () => {
    const space = join(disk!, 'space');
    server!.own(space);
    const admin = await new DataSource(server!.options()).initialize();
    await admin.query(`CREATE TABLESPACE small LOCATION '${space}'`);
    await admin.query('CREATE DATABASE shop TABLESPACE small TEMPLATE template0');
    await survives(server!.options('shop'), /No space left|could not extend/i);
    await admin.query('DROP DATABASE shop WITH (FORCE)');
    await admin.query('DROP TABLESPACE small');
    await admin.destroy();
  });
});
