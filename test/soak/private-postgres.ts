import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSourceOptions } from 'typeorm';

const BINARIES = process.env.SOAK_POSTGRES_BIN ?? '/usr/lib/postgresql/15/bin';

/** Whether there is a PostgreSQL to start servers of. */
export const HAS_POSTGRES = existsSync(join(BINARIES, 'initdb'));

let created = 0;

/** A PostgreSQL server of a test's own, which it may stop and restart. */
export class PrivatePostgres {
  readonly directory = mkdtempSync(join(tmpdir(), 'trackstats-postgres-'));
  readonly port = 20_000 + (process.pid % 10_000) + created++;
  private readonly data = join(this.directory, 'data');
  /** PostgreSQL does not run as root */
  private readonly user = process.getuid?.() === 0 ? userOf('postgres') : null;

  /**
   * @param primary the server of which it is a replica, and the port by which it receives what that one writes.
   * @default it is a new server
   */
  constructor(primary?: { readonly port: number; readonly streamPort: number }) {
    this.own(this.directory);
    if (primary === undefined) this.run('initdb', '-D', this.data, '-A', 'trust', '-U', 'postgres', '--no-sync');
    else {
      const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'postgres'];
      this.run('pg_basebackup', ...from, '-D', this.data, '-R', '-X', 'stream', '-c', 'fast', '--no-sync');
      const address = `host=127.0.0.1 port=${String(primary.streamPort)} user=postgres`;
      this.set('primary_conninfo', address);
    }
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

  /** Sets a parameter of the server, which applies at once. */
  configure(name: string, value: string): void {
    this.set(name, value);
    this.run('pg_ctl', '-D', this.data, 'reload');
  }

  /** Makes a primary of a replica. */
  promote(): void {
    this.run('pg_ctl', '-D', this.data, '-w', 'promote');
  }

  /** Ends every process of the server at once, as a machine that loses its power does. */
  crash(): void {
    const [postmaster] = readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n');
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', postmaster ?? ''], { encoding: 'utf8' });
    for (const pid of [postmaster ?? '', ...stdout.split('\n')].map(Number).filter((id) => id > 0)) kill(pid);
    rmSync(join(this.data, 'postmaster.pid'), { force: true });
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

  private set(name: string, value: string): void {
    appendFileSync(join(this.data, 'postgresql.auto.conf'), `${name} = '${value}'\n`);
  }

  private run(binary: string, ...args: string[]): void {
    execFileSync(join(BINARIES, binary), args, this.spawnOptions());
  }

  private spawnOptions() {
    return { ...(this.user ?? {}), cwd: this.directory, stdio: 'ignore' as const };
  }
}

/** A process that has ended by itself meanwhile is no error. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function userOf(name: string): { uid: number; gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
