/**
 * The database servers of the tests: which ones answer, and the databases that a run created on them.
 * JavaScript, because jest loads its global set-up and its reporters without the TypeScript transform.
 */
import Sqlite from 'better-sqlite3';
import mysql from 'mysql2/promise';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { findChromium } from './chromium.js';

const KINDS = ['sqlite', 'postgres', 'mariadb'];
const RUN = 'TRACKSTATS_TEST_RUN';
const NAME_OF_ANY_RUN = /^trackstats_test_(\d+)_/;
const CONNECT_TIMEOUT = 3_000;
/** Databases of a run that started longer ago than this belong to a killed run. */
const ABANDONED_AFTER_SECONDS = 2 * 60 * 60;

function addressOf(kind) {
  return kind === 'postgres'
    ? (process.env.TRACKSTATS_TEST_POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres')
    : (process.env.TRACKSTATS_TEST_MARIADB_URL ?? 'mysql://root@127.0.0.1:3306/test');
}

/** Returns the address of another database on the same server. */
export function atDatabase(url, database) {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

export async function connect(kind, url) {
  if (kind === 'postgres') {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT });
    client.on('error', () => undefined); // a server that goes away shows in the next query
    await client.connect();
    return { query: async (sql) => (await client.query(sql)).rows, end: () => client.end() };
  }
  const connection = await mysql.createConnection({ uri: url, connectTimeout: CONNECT_TIMEOUT });
  return { query: async (sql) => (await connection.query(sql))[0], end: () => connection.end() };
}

async function onServer(database, work) {
  const connection = await connect(database.kind, database.url);
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}

async function probe(kind, folderForFiles) {
  if (kind === 'sqlite') {
    const memory = new Sqlite(':memory:');
    const version = memory.prepare('SELECT sqlite_version()').pluck().get();
    memory.close();
    return { kind, product: 'SQLite', version, url: folderForFiles };
  }
  const database = { kind, url: addressOf(kind) };
  const [{ version }] = await onServer(database, (server) =>
    server.query(
      kind === 'postgres' ? `SELECT current_setting('server_version') AS version` : 'SELECT VERSION() AS version',
    ),
  );
  const product = kind === 'postgres' ? 'PostgreSQL' : version.includes('MariaDB') ? 'MariaDB' : 'MySQL';
  return { ...database, product, version: /^[\d.]+/.exec(version)?.[0] ?? version };
}

function kindsIn(variable, known = KINDS) {
  const kinds = (process.env[variable] ?? '').split(',').flatMap((kind) => kind.trim() || []);
  const unknown = kinds.find((kind) => !known.includes(kind));
  if (unknown)
    throw new Error(`${variable} names "${unknown}"; write any of ${known.join(', ')}, separated by commas.`);
  return kinds;
}

/** Finds the databases to test on, and passes them to the specs through the environment. */
export async function startRun() {
  const wanted = kindsIn('TRACKSTATS_TEST_DATABASES');
  const required = kindsIn('TRACKSTATS_TEST_REQUIRE', [...KINDS, 'chromium']);
  const prefix = `trackstats_test_${Math.floor(Date.now() / 1000)}_${process.pid}_`;
  const run = { prefix, found: [], missing: [], chromium: findChromium() };
  await Promise.all(
    KINDS.map(async (kind) => {
      if (wanted.length > 0 && !wanted.includes(kind)) {
        run.missing.push({ kind, reason: 'left out by TRACKSTATS_TEST_DATABASES' });
        return;
      }
      try {
        run.found.push(await probe(kind, join(tmpdir(), `${prefix}sqlite`)));
      } catch (error) {
        const address = kind === 'sqlite' ? '' : ` at ${new URL(addressOf(kind)).host}`;
        run.missing.push({ kind, reason: `not reachable${address}: ${error.message || error.code}` });
      }
    }),
  );
  for (const list of [run.found, run.missing]) list.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  if (run.chromium === null) run.missing.push({ kind: 'chromium', reason: 'not in the usual places' });

  const lacking = run.missing.filter(({ kind }) => required.includes(kind));
  if (lacking.length > 0) {
    throw new Error(
      `TRACKSTATS_TEST_REQUIRE: ${lacking.map(({ kind, reason }) => `${kind} is ${reason}`).join('; ')}.`,
    );
  }
  if (run.found.length === 0) {
    throw new Error(
      `No database to test on: ${run.missing.map(({ kind, reason }) => `${kind} is ${reason}`).join('; ')}.`,
    );
  }
  await removeAbandoned(run);
  await onMariadb(run, (server) => commitLater(run, server));
  for (const { kind, url } of run.found) if (kind === 'sqlite') await mkdir(url, { recursive: true });
  process.env[RUN] = JSON.stringify(run);
  return run;
}

/** Returns the run that the global set-up started. There is none if jest finds no spec. */
export function currentRun() {
  const run = process.env[RUN];
  return run === undefined ? undefined : JSON.parse(run);
}

/** Removes every database of this run, also of failed and aborted specs. */
export async function endRun() {
  const run = currentRun();
  if (!run) return;
  await removeDatabases(run, (name) => name.startsWith(run.prefix));
  if (run.commitsLater) await onMariadb(run, commitAtOnce);
}

async function onMariadb(run, work) {
  const database = run.found.find(({ kind }) => kind === 'mariadb');
  if (database !== undefined) await onServer(database, work);
}

/**
 * Has the server write its log once a second instead of at every commit, as no spec needs a commit to survive the server:
 * a commit takes 0.2 ms instead of 3. MariaDB has this setting for the whole server only, so the end of the run restores
 * it. A user who may not set it does without.
 */
async function commitLater(run, server) {
  const [{ value }] = await server.query('SELECT @@GLOBAL.innodb_flush_log_at_trx_commit AS value');
  if (value !== 1) return; // another run does, or the server always
  const isSet = await server.query('SET GLOBAL innodb_flush_log_at_trx_commit = 2').then(
    () => true,
    () => false,
  );
  if (isSet) run.commitsLater = true;
}

async function commitAtOnce(server) {
  await server.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
}

async function removeAbandoned(run) {
  const oldest = Date.now() / 1000 - ABANDONED_AFTER_SECONDS;
  await removeDatabases(run, (name) => {
    const began = NAME_OF_ANY_RUN.exec(name)?.[1];
    return began !== undefined && Number(began) < oldest;
  });
}

async function removeDatabases(run, isRemoved) {
  for (const name of await readdir(tmpdir())) {
    if (isRemoved(name)) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
  for (const database of run.found) {
    if (database.kind === 'sqlite') continue;
    await onServer(database, async (server) => {
      const isPostgres = database.kind === 'postgres';
      const rows = await server.query(
        isPostgres
          ? 'SELECT datname AS name FROM pg_database'
          : 'SELECT schema_name AS name FROM information_schema.schemata',
      );
      for (const { name } of rows) {
        // IF EXISTS, because another run may remove the same one
        if (isRemoved(name)) await server.query(`DROP DATABASE IF EXISTS ${name}${isPostgres ? ' WITH (FORCE)' : ''}`);
      }
    });
  }
}
