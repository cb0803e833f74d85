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
const json = async (app: Running, url: string): Promise<any> => (await fetch(app.url + url)).json();
const status = async (app: Running, url: string) => (await fetch(app.url + url)).status;
const page = async (app: Running) => (await fetch(app.url)).text();

interface Point {
  date: string;
  value: number | null;
}
/** The dates that have a value, as git counts them. */
const counted = (points: Point[]) =>
  Object.fromEntries(points.filter(({ value }) => value).map(({ date, value }) => [date, value]));
const withoutTimes = (activity: object): object =>
  JSON.parse(JSON.stringify(activity, (key, value: unknown) => (/^(asOf|lastReadAt)$/.test(key) ? undefined : value)));

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
    const { range, totals, series, topAuthors } = await json(app, '/statistics.json?days=365');
    const expected = commitsByDate(repo, ZONE);
    const dates = Object.keys(expected).sort();
    expect(range).toMatchObject({ from: dates[0], to: dates.at(-1), timeZone: ZONE });
    expect(counted(series.commits.DAY)).toEqual(expected);
    series.commits.WEEK.forEach(({ date, value }: Point, i: number) => {
      const week = series.commits.DAY.slice(Math.max(0, i - 6), i + 1) as Point[];
      expect({ date, value }).toEqual({ date, value: week.reduce((sum, point) => sum + (point.value ?? 0), 0) });
    });
    expect(series.commits.LIFETIME.at(-1).value).toBe(60);
    expect(series.commits.CALENDAR_MONTH.slice(0, 2).map(({ date }: Point) => date)).toEqual([
      '2024-03-01',
      '2024-04-01',
    ]);
    expect(series.active_authors.DAYS_28.at(-1).value).toBe(4);

    const lines = git(repo, ['log', '--format=', '--numstat']).trim().split('\n');
    const changed = lines.reduce((sum, line) => sum + Number(line.split('\t')[0]) + Number(line.split('\t')[1]), 0);
    expect(totals).toEqual({ commits: 60, linesChanged: changed, authors: 4, activeAuthors: 0 });
    expect(
      Object.fromEntries(topAuthors.map(({ name, commits }: { name: string; commits: number }) => [name, commits])),
    ).toEqual(Object.fromEntries(NAMES.map((name) => [name, 15])));
  });

  it('shows a page on which nothing of a commit is markup', async () => {
    const response = await fetch(`${app.url}/?days=28`);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain(`script-src 'self'`);
    const text = await response.text();
    expect(text).not.toMatch(/<script|<img|<[^>]*\son\w+=/i);
    expect(text).toContain('&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#34;&#38;');
    expect(text).toContain('Eve&#34; onload=&#39;alert(1)');
    expect(text.match(/<h1>/g)).toHaveLength(1);
    for (const svg of text.match(/<svg[^]*?<\/svg>/g) ?? []) expect(svg).toMatch(/<title[ >]/);
    expect(text).toMatch(/<table>[^]*<caption>/);
    expect(text).toMatch(/the charts end with the last commit, on 2024-04-1\d/);
    expect((await fetch(`${app.url}/style.css`)).headers.get('content-type')).toContain('text/css');
  });

  it('answers for one metric, and refuses what it does not know', async () => {
    const { metric, series } = await json(app, '/statistics/commits.json?days=7');
    expect(metric).toBe('git/commits');
    expect(series.DAY).toHaveLength(7);
    expect((await json(app, '/statistics/commits_by_author.json')).authors).toHaveLength(4);
    expect(await status(app, '/statistics/nonsense.json')).toBe(404);
    expect(await status(app, '/statistics/constructor.json')).toBe(404);
    for (const days of ['0', 'x', '-1', '1e2', '99999', '', '1&days=2']) {
      expect({ days, status: await status(app, `/statistics.json?days=${days}`) }).toEqual({ days, status: 400 });
    }
  });

  it(
    'says one line, ends cleanly, goes on from its file, and shows what a rebase took away',
    async () => {
      const before = await json(app, '/statistics.json?days=365');
      expect(await app.stop('SIGINT')).toBe(0);
      expect(app.output()).toMatch(/^Activity of hostile: http:\S+\n$/);

      const again = await start(repo, ['--time-zone', ZONE]);
      expect(withoutTimes(await json(again, '/statistics.json?days=365'))).toEqual(withoutTimes(before));
      expect(await again.stop('SIGTERM')).toBe(0);

      addCommits(repo, [{ at: '2024-03-01T12:00:00Z', name: 'Late' }], 'main~30');
      const rebased = await start(repo, ['--time-zone', 'Asia/Kathmandu']);
      const { totals, series, topAuthors } = await json(rebased, '/statistics.json?days=365');
      expect(totals.commits).toBe(31);
      expect(counted(series.commits.DAY)).toEqual(commitsByDate(repo, 'Asia/Kathmandu'));
      expect(series.commits.LIFETIME.at(-1).value).toBe(31);
      expect(topAuthors.map(({ commits }: { commits: number }) => commits)).toEqual([8, 8, 7, 7, 1]);
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

      expect(await page(empty)).toContain('This repository has no commits yet');
      expect((await json(empty, '/statistics.json')).repository).toMatchObject({ name: 'empty', isEmpty: true });
      expect(await empty.stop()).toBe(0);
      const begun = await start(addCommits(path('empty'), [{ at: '2024-01-01T00:00:00Z' }]));
      expect((await json(begun, '/statistics.json')).totals).toMatchObject({ commits: 1, authors: 1 });

      const text = await page(shallow);
      expect(text).toContain('This is a shallow clone');
      expect(text).toContain('1 commit is dated in the future');
      const { totals, repository } = await json(shallow, '/statistics.json');
      expect(totals).toMatchObject({ commits: 2, linesChanged: 2 });
      expect(repository).toMatchObject({ commitsInFuture: 1, isShallow: true, isEmpty: false });
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
