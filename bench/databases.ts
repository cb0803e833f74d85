import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { atDatabase, connect, endRun, startRun } from '../test/support/servers.js';
import type { DatabaseKind, FoundDatabase } from '../test/support/servers.js';

export type { DatabaseKind };

type Connection = Awaited<ReturnType<typeof connect>>;

const NAME = /^trackstats_bench_(\d+)/;

/** A database on a server, or a file, that only the bench uses. */
export interface BenchDatabase {
  readonly kind: DatabaseKind;
  readonly version: string;
  readonly options: DataSourceOptions;
  drop(): Promise<void>;
}

/** The databases that answer, found as the tests find them. */
export async function findDatabases(wanted: readonly string[]): Promise<FoundDatabase[]> {
  const { found } = await startRun();
  const chosen = found.filter(({ kind }) => wanted.length === 0 || wanted.includes(kind));
  for (const server of chosen) await removeAbandoned(server);
  return chosen;
}

export const forgetDatabases = endRun;

/** Removes databases that a killed bench left behind. */
async function removeAbandoned({ kind, url }: FoundDatabase): Promise<void> {
  if (kind === 'sqlite') {
    const folders = (await readdir(tmpdir())).filter(isAbandoned);
    await Promise.all(folders.map((name) => rm(join(tmpdir(), name), { recursive: true, force: true })));
    return;
  }
  const connection = await connect(kind, url);
  const databases = kind === 'postgres' ? 'pg_database' : 'information_schema.schemata';
  const rows = await connection.query(
    `SELECT ${kind === 'postgres' ? 'datname' : 'schema_name'} AS name FROM ${databases}`,
  );
  for (const name of rows.map((row) => String(row['name'])).filter(isAbandoned)) {
    await dropDatabase(connection, kind, name);
  }
  await connection.end();
}

/** Ends the sessions of a database first: servers go on with the statements of a killed bench, and a DROP waits for them. */
async function dropDatabase(connection: Connection, kind: DatabaseKind, name: string): Promise<void> {
  if (kind === 'postgres') {
    await connection.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    return;
  }
  const sessions = await connection.query(`SELECT id FROM information_schema.processlist WHERE db = '${name}'`);
  for (const { id } of sessions) await connection.query(`KILL ${String(id)}`).catch(() => undefined);
  await connection.query(`DROP DATABASE IF EXISTS ${name}`);
}

function isAbandoned(name: string): boolean {
  const owner = NAME.exec(name)?.[1];
  if (owner === undefined) return false;
  try {
    process.kill(Number(owner), 0);
    return false;
  } catch {
    return true;
  }
}

export async function createDatabase(server: FoundDatabase): Promise<BenchDatabase> {
  const { kind, product } = server;
  const version = `${product} ${server.version}`;
  const name = `trackstats_bench_${process.pid}`;
  if (kind === 'sqlite') {
    const folder = await mkdtemp(join(tmpdir(), `${name}_`));
    // a file with a write-ahead log, as an application would use
    const options = { type: 'better-sqlite3', database: join(folder, 'bench.sqlite'), enableWAL: true } as const;
    return { kind, version, options, drop: () => rm(folder, { recursive: true, force: true }) };
  }
  const administer = async (work: (connection: Connection) => Promise<unknown>): Promise<void> => {
    const connection = await connect(kind, server.url);
    try {
      await work(connection);
    } finally {
      await connection.end();
    }
  };
  const drop = (): Promise<void> => administer((connection) => dropDatabase(connection, kind, name));
  await drop();
  const made = kind === 'postgres' ? 'TEMPLATE template0' : 'CHARACTER SET utf8mb4';
  await administer((connection) => connection.query(`CREATE DATABASE ${name} ${made}`));
  const url = atDatabase(server.url, name);
  if (kind === 'postgres') return { kind, version, options: { type: 'postgres', url }, drop };
  const type = product === 'MySQL' ? 'mysql' : 'mariadb';
  return { kind, version, options: { type, url, timezone: 'Z' }, drop };
}
