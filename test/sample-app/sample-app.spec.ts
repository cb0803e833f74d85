import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { compileSample, runSample, startSample, type Running } from './compiled.js';
import { addCommits, type Change, commitsByDate, createRepository, git, temporaryDirectory } from './git-repository.js';

const directory = temporaryDirectory();
const path = (name: string) => join(directory.path, name);
const running: Running[] = [];
/** Milliseconds: a process takes about a second to start, and many times that on a busy machine. */
const PATIENCE = 180_000;
let sample: ReturnType<typeof compileSample>;

beforeAll(() => {
  sample = compileSample();
});
afterAll(async () => {
  await Promise.all(running.map(({ stop }) => stop('SIGKILL')));
  sample.remove();
  directory.remove();
});

async function start(repo: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const app = await startSample(sample.main, ['--repo', repo, '--database', `${repo}.sqlite`, ...args], env);
  running.push(app);
  return app;
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the JSON is what the test is about
const json = async (app: Running, path: string): Promise<any> => (await app.fetch(path)).json();
const activity = (app: Running) => json(app, '/activity.json');

interface Point {
  date: string;
  value: number | null;
}
/** The dates that have a value, as git counts them. */
const counted = (points: Point[]) =>
  Object.fromEntries(points.filter(({ value }) => value).map(({ date, value }) => [date, value]));
/** Commits as the dashboard reads them, over the time of the tests' histories. */
const commits = async (app: Running, period: string): Promise<Point[]> =>
  (await json(app, `/api/series?metric=git/commits&period=${period}&from=2024-02-01&to=2024-06-30`)).points;
const byName = (some: { name: string; commits: number }[]) =>
  Object.fromEntries(some.map(({ name, commits }) => [name, commits]));

const ZONE = 'Australia/Lord_Howe';
const HOSTILE = `<script>alert('x')</script>"&`;
const NAMES = ['Ann', 'ann', `Eve" onload='alert(1)`, ''];

/** Sixty commits, seven hours apart, over the end of Lord Howe's summer time; of hostile people. */
function history(): Change[] {
  return Array.from({ length: 60 }, (_, i) => ({
    at: new Date(Date.UTC(2024, 2, 25, 7 * i)).toISOString(),
    name: NAMES[i % 4],
    email: `"onmouseover="alert(${String(i % 4)})`,
    subject: HOSTILE,
    files: { [`${HOSTILE}${String(i % 3)}`]: `${String(i)}\n`.repeat(i) },
  }));
}

describe('the sample application', () => {
  let repo: string;
  let app: Running;

  beforeAll(async () => {
    repo = createRepository(path('hostile'), history());
    app = await start(repo, ['--time-zone', ZONE], { TZ: 'America/Los_Angeles' });
  }, PATIENCE);

  it('counts what git counts', async () => {
    const days = await commits(app, 'DAY');
    expect(counted(days)).toEqual(commitsByDate(repo, ZONE));
    (await commits(app, 'WEEK')).forEach(({ date, value }, i) => {
      const week = days.slice(Math.max(0, i - 6), i + 1);
      expect({ date, value: value ?? 0 }).toEqual({
        date,
        value: week.reduce((sum, point) => sum + (point.value ?? 0), 0),
      });
    });
    expect(Object.keys(counted(await commits(app, 'CALENDAR_MONTH')))).toEqual(['2024-03-01', '2024-04-01']);
    expect((await commits(app, 'LIFETIME')).at(-1)?.value).toBe(60);

    const lines = git(repo, ['log', '--format=', '--numstat']).trim().split('\n');
    const changed = lines.reduce((sum, line) => sum + Number(line.split('\t')[0]) + Number(line.split('\t')[1]), 0);
    expect(await activity(app)).toMatchObject({ commits: 60, linesChanged: changed, activeAuthors: 0 });
  });

  it('shows values as they are now, and the commits behind them', async () => {
    const { commitsADay: storedDays, ...stored } = await activity(app);
    const { commitsADay: days, ...live } = await json(app, '/activity.json?live=true');
    expect(live).toEqual(stored);
    expect(days.map(({ value }: Point) => value)).toEqual(storedDays.map(({ value }: Point) => value));
    expect(Date.parse(days.at(-1).asOf)).toBeGreaterThan(Date.parse(storedDays.at(-1).asOf));
    const [date = '', number] = Object.entries(commitsByDate(repo, ZONE))[1] ?? [];
    const behind = await json(app, `/commits.json?date=${date}`);
    expect([behind.count, behind.commits.length]).toEqual([number, number]);
    expect(behind.commits[0]).toMatchObject({ subject: HOSTILE, lines: expect.any(Number) });
    const { items } = await json(app, `/api/top?metric=git/commits&date=${date}&object_type=author`);
    for (const { object, value } of items) {
      expect((await json(app, `/commits.json?date=${date}&author=${object.id}`)).count).toBe(value);
    }
    expect(items.length).toBeGreaterThan(0);
    expect((await app.fetch('/commits.json?date=yesterday')).status).toBe(400);
    const { metrics } = await json(app, '/api/metrics');
    expect(JSON.stringify(metrics)).toContain('"live":true');
  });

  it('shows the dashboard at its root, with names of authors and repositories', async () => {
    const response = await app.fetch('/');
    expect(response.headers.get('content-security-policy')).toContain(`default-src 'none'`);
    expect(await response.text()).toContain('<title>Git activity</title>');

    const top = async (type: string) => {
      const { items } = await json(app, `/api/top?metric=git/commits&period=LIFETIME&object_type=${type}`);
      return items.map(({ object, value }: { object: { label: string }; value: number }) => [object.label, value]);
    };
    const labels = NAMES.map((name, i) => name || `<"onmouseover="alert(${String(i)})> in hostile`);
    expect(Object.fromEntries(await top('author'))).toEqual(Object.fromEntries(labels.map((label) => [label, 15])));
    expect(await top('repository')).toEqual([['hostile', 60]]);
  });

  it(
    'says one line, ends cleanly, goes on from its file, and shows what a rebase took away',
    async () => {
      const before = await commits(app, 'DAY');
      expect(await app.stop('SIGINT')).toBe(0);
      expect(app.output()).toMatch(/^Activity of hostile: http:\S+\n$/);

      const again = await start(repo, ['--time-zone', ZONE]);
      expect(counted(await commits(again, 'DAY'))).toEqual(counted(before));
      expect(await again.stop('SIGTERM')).toBe(0);

      addCommits(repo, [{ at: '2024-03-01T12:00:00Z', name: 'Late' }], 'main~30');
      const rebased = await start(repo, ['--time-zone', 'Asia/Kathmandu']);
      expect(counted(await commits(rebased, 'DAY'))).toEqual(commitsByDate(repo, 'Asia/Kathmandu'));
      const { commits: total, commitsByAuthor } = await activity(rebased);
      expect(total).toBe(31);
      expect(commitsByAuthor.map((author: { commits: number }) => author.commits)).toEqual([8, 8, 7, 7, 1]);
    },
    PATIENCE,
  );

  it(
    'shows several repositories together, each with its own authors',
    async () => {
      const first = createRepository(path('first'), [
        { at: '2024-01-01T12:00:00Z' },
        { at: '2024-01-01T13:00:00Z', name: 'Bob' },
      ]);
      git(directory.path, ['clone', '-q', first, 'second']);
      const second = addCommits(path('second'), [{ at: '2024-01-02T12:00:00Z', name: 'Zoë' }]);
      const both = await start(first, ['--repo', second, '--public', '--time-zone', 'UTC'], {
        SAMPLE_PASSWORD: undefined,
      });
      const { commits: total, commitsByRepository, commitsByAuthor, repositories } = await activity(both);
      expect(total).toBe(5);
      expect(byName(commitsByRepository)).toEqual({ first: 2, second: 3 });
      expect(byName(commitsByAuthor)).toEqual({
        'Ann <ann@example.org> in first': 1,
        'Ann <ann@example.org> in second': 1,
        'Bob <ann@example.org> in first': 1,
        'Bob <ann@example.org> in second': 1,
        Zoë: 1,
      });
      expect(repositories.map(({ name }: { name: string }) => name)).toEqual(['first', 'second']);
      expect(both.output()).toMatch(/^Activity of first, second: http:\S+\nPassword: [\w-]{16}\n$/);
      expect(await both.stop()).toBe(0);

      const { commits: left, ...alone } = await activity(await start(first, ['--time-zone', 'UTC']));
      expect([left, byName(alone.commitsByRepository)]).toEqual([2, { first: 2 }]);
      expect(alone.repositories).toHaveLength(1);
      expect(byName(alone.commitsByAuthor)).toEqual({ Ann: 1, Bob: 1 });
    },
    PATIENCE,
  );

  it(
    'has something sensible to say of an empty repository, a shallow one and commits of the future',
    async () => {
      const whole = createRepository(path('whole'), [
        { at: '2024-01-01T00:00:00Z' },
        { at: '2024-01-02T00:00:00Z' },
        { at: '2024-01-03T00:00:00Z' },
        { at: '2090-01-01T00:00:00Z' },
      ]);
      git(directory.path, ['clone', '-q', '--depth', '3', `file://${whole}`, 'shallow']);
      const [empty, shallow] = await Promise.all([start(createRepository(path('empty'), [])), start(path('shallow'))]);

      expect((await activity(empty)).repositories).toMatchObject([{ name: 'empty', isEmpty: true }]);
      expect((await empty.fetch('/')).status).toBe(200);
      expect(await empty.stop()).toBe(0);
      const begun = await start(addCommits(path('empty'), [{ at: '2024-01-01T00:00:00Z' }]));
      expect(await activity(begun)).toMatchObject({ commits: 1, repositories: [{ isEmpty: false }] });

      expect(shallow.output()).toContain('shallow is a shallow clone');
      expect(await activity(shallow)).toMatchObject({
        commits: 2,
        linesChanged: 2,
        repositories: [{ commitsInFuture: 1, isShallow: true, isEmpty: false }],
      });
    },
    PATIENCE,
  );

  it(
    'ends with one clear line and code 1 where it cannot start',
    async () => {
      mkdirSync(path('plain'));
      writeFileSync(
        path('text.sqlite'),
        'this is no database, but a text that is long enough to be looked at\n'.repeat(50),
      );
      const fine = createRepository(path('fine'), [{ at: '2024-01-01T00:00:00Z' }]);
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const port = String((server.address() as AddressInfo).port);
      const database = (name: string) => ['--repo', fine, '--database', path(name)];

      const cases: [string[], RegExp, NodeJS.ProcessEnv?][] = [
        [['--repo', path('plain')], /No git repository can be read at .*plain: not a git repository/],
        [database('fine.sqlite'), new RegExp(`The port is in use already.*:${port}`), { PORT: port }],
        [[...database('zone.sqlite'), '--time-zone', 'Mars/Base'], /time zone.*Mars\/Base/i],
        [database('text.sqlite'), /database/],
        [database('short.sqlite'), /SAMPLE_PASSWORD is shorter/, { SAMPLE_PASSWORD: 'short' }],
      ];
      const ended = await Promise.all(cases.map(([args, , env]) => runSample(sample.main, args, env)));
      server.close();
      cases.forEach(([args, message], i) => {
        expect({ args, ...ended[i] }).toEqual({ args, code: 1, output: expect.stringMatching(message) as string });
        expect(ended[i]?.output.trim().split('\n')).toHaveLength(1);
      });
    },
    PATIENCE,
  );
});
