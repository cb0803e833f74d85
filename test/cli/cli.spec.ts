import { jest } from '@jest/globals';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TRACKSTATS_ENTITIES, trackstatsMigrations } from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { describeOnEachDatabase } from '../support/databases.js';
import { insert, makeDjangoTables } from '../transfer/django.js';
import { makePlace, type Ended, type Place } from './command-line.js';
import { Order, OrdersByRegion } from './fixtures/app.module.js';

// each command is a process that starts an application
jest.setTimeout(240_000);

const ENTITIES = [...TRACKSTATS_ENTITIES, Order, OrdersByRegion];
// eslint-disable-next-line no-control-regex -- what a terminal must not get
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

async function saveOrders(place: Place, ...dates: string[]): Promise<void> {
  const dataSource = await new DataSource({ ...place.database, entities: ENTITIES }).initialize();
  try {
    await dataSource.getRepository(Order).save(dates.map((date) => ({ createdAt: new Date(`${date}T12:00:00Z`) })));
  } finally {
    await dataSource.destroy();
  }
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- says what the command writes
function json<T>({ stdout }: Ended): T {
  return JSON.parse(stdout) as T;
}

let place: Place;
let own: Place['database'];
beforeAll(() => {
  place = makePlace('module');
  own = place.database;
});
afterAll(() => place.remove());

describeOnEachDatabase('npx trackstats', (database) => {
  beforeAll(() => {
    place.database = database.options();
  });
  afterEach(async () => {
    await place.kill();
    await database.reset();
  });
  afterAll(() => {
    place.database = own;
  });

  it('lists, runs, shows history, verifies and repairs', async () => {
    await saveOrders(place, '2026-10-29', '2026-10-31');
    const before = await place.runAlone('list', '--json');
    // neither schedules nor runOnStart: nothing has run
    expect(json<{ lastRun: unknown }[]>(before).map(({ lastRun }) => lastRun)).toEqual([null, null, null]);
    expect(await place.run('run', 'OrderTracker')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^OrderTracker: 2026-10-29 to 2026-10-31 computed in [\d.]+ s: 5 rows written, 0/),
    });
    const history = json<object[]>(await place.run('history', 'OrderTracker', '--json'));
    expect(history).toMatchObject([
      { status: 'succeeded', triggeredBy: 'cli', from: '2026-10-29', through: '2026-10-31', written: 5 },
    ]);
    expect(await place.run('verify')).toMatchObject({
      code: 0,
      stdout: 'OrderTracker: all stored values are correct.\n',
    });
    await saveOrders(place, '2026-10-29');
    const differing = await place.run('verify', '--json', '--to', '2026-10-29');
    expect(differing.code).toBe(1);
    expect(json(differing)).toMatchObject([
      { tracker: 'OrderTracker', differences: [{ period: 'DAY', date: '2026-10-29', stored: '1', expected: '2' }, {}] },
    ]);
    expect(await place.run('verify')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /^OrderTracker: 4 differences\nMETRIC +PERIOD +DATE[^]*LIFETIME +2026-10-31 +2 orders +3 orders$/m,
      ),
    });
    expect((await place.run('repair', 'OrderTracker')).code).toBe(0);
    expect((await place.run('verify')).code).toBe(0);
  });

  it('is stopped by Ctrl-C in the middle of a backfill, and goes on with --resume', async () => {
    await saveOrders(place, '2020-01-01', '2026-10-31');
    const backfill = ['backfill', 'OrderTracker', '--from', '2020-01-01'];
    const { child, ended, says } = place.start(...backfill, '--step', '1');
    await says(/2020-01-\d\d: 0 %, \d+ rows written/);
    child.kill('SIGINT');
    const stopped = await ended;
    expect(stopped).toMatchObject({ code: 130, stdout: '' });
    expect(stopped.stderr).toContain('Stopping; Ctrl-C once more ends at once.');
    const through = /everything through (\d{4}-\d\d-\d\d)\. To go on:\n {2}trackstats (.*)/.exec(stopped.stderr);
    expect(through?.[2]).toBe('backfill OrderTracker --from 2020-01-01 --step 1 --resume');
    expect(json(await place.run('history', 'OrderTracker', '--json'))).toMatchObject([
      { status: 'cancelled', through: through?.[1] },
    ]);
    const resumed = await place.run(...backfill, '--resume', '--json');
    expect(resumed.code).toBe(0);
    const { from } = json<{ from: string }>(resumed);
    expect(new Date(from).getTime() - new Date(through?.[1] ?? '').getTime()).toBe(86_400_000);
    expect((await place.run('verify')).code).toBe(0);
    expect(await place.run(...backfill, '--resume')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no interrupted backfill of OrderTracker'),
    });
  });

  it('exports, and imports what it exported', async () => {
    await saveOrders(place, '2026-10-29', '2026-10-31');
    await place.run('run', 'OrderTracker');
    const exported = await place.run('export', '--format', 'csv', '--metric', 'shop/orders', '--period', 'day');
    expect(exported.code).toBe(0);
    expect(exported.stdout.split('\n').filter((line) => line.includes('shop/orders'))).toHaveLength(2);
    const file = join(place.directory, 'shop.jsonl');
    expect(await place.run('export', '-o', file)).toMatchObject({ code: 0, stdout: '' });
    const lines = readFileSync(file, 'utf8');
    await database.reset();
    expect(await place.run('import', file)).toMatchObject({ code: 1, stderr: expect.stringContaining('OrderTracker') });
    expect(json(await place.run('import', file, '--force', '--json'))).toMatchObject({ rows: 5 });
    expect((await place.run('export', '--format', 'jsonl')).stdout).toBe(lines);
    expect(await place.run('export', '--format', 'csv', '--statistic', 'OrdersByRegion')).toMatchObject({ code: 0 });

    const hours = join(place.directory, 'hours.csv');
    const starts = ['01:00:00+02:00', '02:00:00+02:00', '02:00:00+01:00'];
    const rows = starts.map((start, place) => `shop/signups,HOUR,2026-10-25T${start},${place}\n`);
    writeFileSync(hours, ['metric,period,start,value\n', ...rows].join(''));
    expect(json(await place.run('import', hours, '--json'))).toMatchObject({ rows: 3 });
    const ofHours = ['--metric', 'shop/signups', '--period', 'hour'];
    const second = await place.run('export', '--format', 'csv', ...ofHours, '--from', '2026-10-25T02:00:00+01:00');
    // the time zone of the module is UTC
    expect(second.stdout.split('\n')[1]).toBe('shop/signups,shop,signups,HOUR,2026-10-25,2026-10-25T01:00:00+00:00,2');
    expect(await place.run('export', '--format', 'csv', '--from', '2026-10-25T02:00')).toMatchObject({ code: 2 });
    expect(json(await place.run('prune', ...ofHours, '--before', '2026-10-25', '--json'))).toEqual({ removed: 1 });
  });

  it('imports from django-trackstats, with a mapping, and lists what it left out', async () => {
    const file = join(place.directory, 'django.sqlite');
    rmSync(file, { force: true });
    const django = await new DataSource({ type: 'better-sqlite3', database: file }).initialize();
    await makeDjangoTables(django, 'sqlite');
    await insert(django, 'trackstats_domain', ['id', 'ref', 'name'], [[1, 'web shop', 'Web shop']]);
    const metrics = ['sign ups', 'test'].map((ref, id) => [id + 1, 1, ref, ref, '']);
    await insert(django, 'trackstats_metric', ['id', 'domain_id', 'ref', 'name', 'description'], metrics);
    const values = [1, 2, 2].map((metric, id) => [id + 1, metric, 86400, `2020-01-0${id + 1}`, 5]);
    await insert(django, 'trackstats_statisticbydate', ['id', 'metric_id', 'period', 'date', 'value'], values);
    await django.destroy();
    const mapping = join(place.directory, 'refs.json');
    writeFileSync(mapping, '{ "metrics": { "web shop/sign ups": "shop/old_signups", "web shop/test": null } }');

    expect(await place.run('import-django', file)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('web shop'),
    });
    expect(await place.run('import-django', file, '--mapping', mapping)).toEqual({
      code: 0,
      // other jobs of the application may print, too
      stderr: expect.stringMatching(/^the application prints to stdout\n/),
      stdout: `1 rows imported.
Created the metric shop/old_signups.

Left out:
TABLE                       REF            ROWS  REASON
trackstats_metric           web shop/test  1     It is mapped to null.
trackstats_statisticbydate  web shop/test  2     It is mapped to null.
`,
    });
    const again = await place.run('import-django', file, '--mapping', mapping, '--json');
    expect(json(again)).toMatchObject({ rows: 1, createdMetrics: [], skipped: [{ rows: 1 }, { rows: 2 }] });
    const wrong = async (...args: string[]): Promise<string> => {
      const ended = await place.run('import-django', ...args);
      expect(ended).toMatchObject({ code: 2, stdout: '' });
      return ended.stderr;
    };
    expect(await wrong('none.sqlite')).toContain('The database is "none.sqlite". There is no such file.');
    expect(await wrong('oracle://me:secret@host/db')).toMatch(/^The database is "oracle:\/\/…"\. Expected a URL/);
    expect(await wrong(file, '--mapping', 'none.json')).toContain('It does not exist');
    writeFileSync(mapping, '{ "metric": {} }');
    expect(await wrong(file, '--mapping', mapping)).toContain('Expected a JSON file: { "domains": {}');
  });

  it('tells of migrations before there are tables', async () => {
    place.database = database.options({ synchronize: false });
    try {
      const before = await place.run('migrations', '--json');
      expect(before.code).toBe(0);
      const names = trackstatsMigrations.map(({ name }) => name);
      expect(json(before)).toEqual({
        synchronize: false,
        migrations: names.map((name) => ({ name, configured: false, applied: false })),
      });
      expect((await place.run('migrations')).stdout).toContain('migrations: [...trackstatsMigrations, …]');
      expect(await place.run('list')).toMatchObject({ code: 1, stderr: expect.stringContaining('trackstats_metric') });
      const migrated = await database.open({ synchronize: false, entities: [], migrations: trackstatsMigrations });
      await migrated.runMigrations();
      const after = json<{ migrations: { applied: boolean }[] }>(await place.run('migrations', '--json'));
      expect(after.migrations.map(({ applied }) => applied)).toEqual(names.map(() => true));
    } finally {
      place.database = database.options();
    }
  });
});

describe.each(['module', 'commonjs'] as const)('npx trackstats with an application of type %s', (type) => {
  let place: Place;
  beforeAll(() => {
    place = makePlace(type);
  });
  afterAll(() => place.remove());

  it('writes results to stdout and everything else to stderr', async () => {
    const { code, stdout, stderr } = await place.runAlone('list', '--json');
    expect([code, json<object[]>({ code, stdout, stderr }).length]).toEqual([0, 3]);
    expect(stderr).toContain('the application prints to stdout');
    expect(stderr).not.toContain('another job ran');
  });

  it('prints no control characters, whatever trackers are called', async () => {
    const name = '\u001b[31mred\u202e\n';
    const text = await place.run('list');
    expect(text.stdout).toContain('\\u001b[31mred\\u202e\\u000a');
    const listed = await place.run('list', '--json');
    expect(json<{ name: string }[]>(listed).map((info) => info.name)).toContain(name);
    const ran = await place.run('run', name);
    expect(ran.code).toBe(0);
    const unknown = await place.run('run', 'x\u001b[2J');
    expect(unknown.code).toBe(2);
    const nothing = await place.run('\u001b[2J');
    expect(nothing.code).toBe(2);
    const failed = await place.run('run', '--all');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain('broken: failed: no answer\\u0007 from the counter');
    for (const { stdout, stderr } of [text, listed, ran, unknown, nothing, failed]) {
      expect(stdout + stderr).not.toMatch(CONTROL);
    }
  });

  it('prunes', async () => {
    await saveOrders(place, '2026-10-30', '2026-10-31');
    await place.run('run', 'OrderTracker');
    const prune = ['prune', '--metric', 'shop/orders', '--period', 'DAY'];
    const old = [{ metric: 'shop/orders', period: 'DAY', rows: 1, before: '2026-10-31' }];
    const dryRun = await place.run(...prune, '--before', '2026-10-31', '--dry-run');
    expect(dryRun.stdout).toMatch(/^METRIC +PERIOD +ROWS +KEPT FROM\nshop\/orders +DAY +1 +2026-10-31\n$/);
    expect(json(await place.run(...prune, '--before', '2026-10-31', '--dry-run', '--json'))).toEqual(old);
    expect(json(await place.run(...prune, '--before', '2026-10-31', '--json'))).toEqual({ removed: 1 });
    expect((await place.run(...prune, '--before', '2026-10-31', '--dry-run')).stdout).toBe(
      'Nothing would be removed.\n',
    );
    expect((await place.run(...prune)).code).toBe(2);
  });

  it('annotates dates once, lists annotations and removes one', async () => {
    const sale = ['annotate', 'Sale \u001b[31m', '--date', '2026-10-30'];
    expect((await place.run(...sale)).stdout).toMatch(/^2026-10-30 +- +- +Sale \\u001b\[31m +[0-9a-f]{32}$/m);
    await place.run(...sale);
    const version = ['annotate', 'Version 2', '--key', '2.0.0', '--at', '2026-10-31T09:00:00+01:00', '--json'];
    const { id } = json<{ id: string }>(await place.run(...version));
    const all = json<object[]>(await place.run('annotations', '--json'));
    expect(all).toMatchObject([
      { date: '2026-10-30', at: null, domain: null },
      { id, date: '2026-10-31', at: '2026-10-31T08:00:00.000Z', text: 'Version 2', key: '2.0.0' },
    ]);
    const file = join(place.directory, 'annotations.jsonl');
    expect((await place.run('export', '--annotations', '--from', '2026-10-31', '-o', file)).code).toBe(0);
    expect((await place.run('export', '--annotations', '--metric', 'shop/orders')).code).toBe(2);
    expect((await place.run('export', '--annotations', '--format', 'csv')).code).toBe(2);
    expect((await place.run('annotations', '--remove', id)).code).toBe(0);
    expect((await place.run('import', file)).stdout).toBe('0 rows imported.\n1 annotation imported.\n');
    expect(json(await place.run('annotations', '--from', '2026-10-31', '--json'))).toMatchObject([{ id }]);
    expect((await place.run('annotations', '--remove', id)).code).toBe(0);
    expect((await place.run('annotations', '--remove', id)).code).toBe(2);
    expect(json(await place.run('annotations', '--from', '2026-10-31', '--json'))).toEqual([]);
    expect((await place.run('annotate', '')).stderr).toMatch(/text is ""/);
    expect((await place.run('annotate', 'a', '--domain', 'nowhere')).code).toBe(2);
    expect((await place.run('annotate', 'a', '--date', '2026-02-30')).code).toBe(2);
  });

  it('is part of the command line of an application', async () => {
    const list = await place.node('dist/mounted.js', 'trackstats', 'run', 'broken', '--json');
    expect(list.code).toBe(1);
    expect(list.stdout).toContain('"status": "failed"');
  });
});

describe('npx trackstats', () => {
  it.each([
    ['no command', []],
    ['an unknown command', ['runn']],
    ['an unknown option', ['list', '--jsn']],
    ['an unknown tracker', ['run', 'OrderTrackr']],
    ['no tracker', ['run']],
    ['a date that is none', ['backfill', 'OrderTracker', '--from', '2026-02-30']],
    ['no range', ['backfill', 'OrderTracker']],
    ['a step that is none', ['backfill', 'OrderTracker', '--from', '2026-02-01', '--step', '0']],
    ['a period that is none', ['export', '--format', 'csv', '--period', 'fortnight']],
    ['a metric that is none', ['export', '--format', 'csv', '--metric', 'shop/order']],
    ['no format', ['export']],
    ['a file that is not there', ['import', 'missing.csv']],
    ['a module that is not there', ['list', '--module', './dist/missing.js']],
    ['an export that is not there', ['list', '--export', 'ShopModule']],
  ])('ends with 2 for %s', async (_, args) => {
    const { code, stdout, stderr } = await place.run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(stderr.length).toBeGreaterThan(20);
  });

  it('shows its commands', async () => {
    const { code, stdout } = await place.run('--help');
    expect(code).toBe(0);
    for (const command of ['list', 'run', 'backfill', 'verify', 'repair', 'export', 'import', 'prune', 'history']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
    }
  });

  it('says its version, without an application', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await place.runAlone('--version')).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('draws a bar where a person watches, and leaves the terminal as it was', async () => {
    await saveOrders(place, '2026-10-31');
    const command = [process.execPath, place.bin, 'backfill', 'OrderTracker', '--from', '2026-01-01', '--step', '30'];
    // a terminal of the test's own
    const { code, stdout } = await place.program('script', '-qec', command.join(' '), '/dev/null');
    expect(code).toBe(0);
    expect(stdout).toMatch(/#+-* \d+ % \| 2026-\d\d-\d\d \| \d+ rows written/);
    expect(stdout).toContain('OrderTracker: 2026-01-01 to 2026-10-31 computed');
    // eslint-disable-next-line no-control-regex -- hides the cursor, and shows it again
    expect(stdout).toMatch(/\u001b\[\?25l[^]*\u001b\[\?25h/);
  });

  it('refuses a file that cannot be imported with the line and the reason', async () => {
    const file = join(place.directory, 'bad.csv');
    writeFileSync(file, 'metric,period,date,value\nshop/visits,DAY,2026-02-30,1\n');
    const { code, stderr } = await place.run('import', file);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/line 2: .*2026-02-30/)]);
  });
});

describe('npx trackstats without optional packages', () => {
  it('says that commander is missing', async () => {
    const place = makePlace('module', ['commander']);
    try {
      expect(await place.runAlone('list')).toEqual({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining(`npm install 'commander@^14.0.0'`),
      });
    } finally {
      await place.remove();
    }
  });

  it('needs nothing of what it is not asked for', async () => {
    const place = makePlace('module', [
      'csv-parse',
      'csv-stringify',
      'cli-progress',
      'prom-client',
      '@opentelemetry',
      '@nestjs/swagger',
    ]);
    try {
      await saveOrders(place, '2026-10-31');
      expect(await place.run('run', 'OrderTracker')).toMatchObject({ code: 0 });
      expect(await place.run('backfill', 'OrderTracker', '--from', '2026-10-01')).toMatchObject({ code: 0 });
      expect(await place.run('export', '--format', 'csv')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/npm install csv-parse csv-stringify/),
      });
    } finally {
      await place.remove();
    }
  });
});
