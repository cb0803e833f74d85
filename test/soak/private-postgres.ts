import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSourceOptions } from 'typeorm';

const BINARIES = process.env.SOAK_POSTGRES_BIN ?? '/usr/lib/postgresql/15/bin';

/** Whether there is a PostgreSQL to start servers of. */
export const HAS_POSTGRES = existsSync(join(BINARIES, 'initdb'));

/** A PostgreSQL server of a test's own, which it may stop and restart. */
export class PrivatePostgres {
  readonly directory = mkdtempSync(join(tmpdir(), 'trackstats-postgres-'));
  readonly port = 20_000 + (process.pid % 10_000);
  private readonly data = join(this.directory, 'data');
  /** PostgreSQL does not run as root */
  private readonly user = process.getuid?.() === 0 ? userOf('postgres') : null;

  constructor() {
    this.own(this.directory);
    this.run('initdb', '-D', this.data, '-A', 'trust', '-U', 'postgres', '--no-sync');
    this.start();
  }

  options(database = 'postgres'): DataSourceOptions {
    return { type: 'postgres', host: '127.0.0.1', port: this.port, username: 'postgres', database };
  }

  start(): void {
    const settings = `-p ${this.port} -k ${this.directory} -c listen_addresses=127.0.0.1 -c fsync=off`;
    this.run('pg_ctl', '-D', this.data, '-l', join(this.directory, 'log'), '-w', '-o', settings, 'start');
  }

  stop(mode: 'fast' | 'immediate'): void {
    this.run('pg_ctl', '-D', this.data, '-w', '-m', mode, 'stop');
  }

  remove(): void {
    spawnSync(join(BINARIES, 'pg_ctl'), ['-D', this.data, '-w', '-m', 'immediate', 'stop'], this.spawnOptions());
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A folder that the server may write to. */
  own(directory: string): void {
    mkdirSync(directory, { recursive: true });
    if (this.user !== null) chownSync(directory, this.user.uid, this.user.gid);
  }

  private run(binary: string, ...args: string[]): void {
    execFileSync(join(BINARIES, binary), args, this.spawnOptions());
  }

  private spawnOptions() {
    return { ...(this.user ?? {}), cwd: this.directory, stdio: 'ignore' as const };
  }
}

function userOf(name: string): { uid: number; gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
