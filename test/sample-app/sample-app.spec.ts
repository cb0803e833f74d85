import { createServer } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileSample, runSample, startSample, type Running } from './compiled.js';
import { addCommits, type Change, commitsByDate, createRepository, git, temporaryDirectory } from './git-repository.js';

const directory = temporaryDirectory();
const path = (name: string) => join(directory.path, name);
const running: Running[] = [];
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
const json = async (app: Running, url: string): Promise<any> => (await fetch(app.url + url)).json();
const page = async (app: Running, query = '') => (await fetch(`${app.url}/${query}`)).text();

interface Point {
  date: string;
  value: number | null;
}
/** Dates that have a value, as git counts them. */
const counted = (points: Point[]) => Object.fromEntries(points.filter(({ value }) => value).map(({ date, value }) => [date, value]));

const HOSTILE = `<script>alert('x')</script>"&`;

function history(): Change[] {
  const names = ['Ann', 'ann', `Eve" onload='alert(1)`, ''];
  return Array.from({ length: 60 }, (_, i) => ({
    at: new Date(Date.UTC(2024, 2, 20, 7 * i)).toISOString(), // over the change to summer time
    name: names[i % names.length],
    email: `"onmouseover="alert(${String(i % 4)})`,
    subject: HOSTILE,
    files: { [`${HOSTILE}${String(i % 3)}`]: `${String(i)}\n`.repeat(i) },
  }));
}

describe('the sample application', () => {
  it.each(['Europe/Amsterdam', 'Australia/Lord_Howe', 'Pacific/Apia'])('counts what git counts in %s', async (zone) => {
    const repo = createRepository(path(`zone-${zone.replace('/', '-')}`), history());
    const app = await start(repo, ['--time-zone', zone], { TZ: 'America/Los_Angeles' });
    const { range, totals, series, topAuthors } = await json(app, '/statistics.json?days=365');

    const expected = commitsByDate(repo, zone);
    const dates = Object.keys(expected).sort();
    expect(range).toMatchObject({ from: dates[0], to: dates.at(-1), timeZone: zone });
    expect(counted(series.commits.DAY)).toEqual(expected);
    expect(series.commits.LIFETIME.at(-1).value).toBe(60);
    series.commits.WEEK.forEach(({ date, value }: Point, i: number) => {
      const week = series.commits.DAY.slice(Math.max(0, i - 6), i + 1) as Point[];
      expect({ date, value }).toEqual({ date, value: week.reduce((sum, point) => sum + (point.value ?? 0), 0) });
    });

    const lines = git(repo, ['log', '--format=', '--numstat']).trim().split('\n');
    const changed = lines.reduce((sum, line) => sum + Number(line.split('\t')[0]) + Number(line.split('\t')[1]), 0);
    expect(totals).toEqual({ commits: 60, linesChanged: changed, authors: 4, activeAuthors: 0 });
    expect(topAuthors.map(({ name, commits }: { name: string; commits: number }) => ({ name, commits }))).toEqual(
      ['Ann', 'ann', `Eve" onload='alert(1)`, ''].map((name) => ({ name, commits: 15 })),
    );
    expect(app.output().trim().split('\n')).toHaveLength(1);
    expect(await app.stop('SIGINT')).toBe(0);
  });

  it('shows a page on which nothing of a commit is markup', async () => {
    const app = await start(createRepository(path('hostile'), history()));
    const response = await fetch(`${app.url}/?days=28`);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain(`script-src 'self'`);
    const text = await response.text();
    expect(text).not.toMatch(/<script|<img|\son\w+=/i);
    expect(text).toContain('&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#34;&#38;');
    expect(text.match(/<h1>/g)).toHaveLength(1);
    for (const svg of text.match(/<svg[^]*?<\/svg>/g) ?? []) expect(svg).toMatch(/<title[ >]/);
    expect(text).toMatch(/<table>[^]*<caption>/);
    expect(text).toContain('the charts end with the last commit, on 2024-04-06');
    expect((await fetch(`${app.url}/style.css`)).headers.get('content-type')).toContain('text/css');
  });

  it('answers for one metric, and refuses what it does not know', async () => {
    const app = running.at(-1)!;
    const { metric, series } = await json(app, '/statistics/commits.json?days=7');
    expect(metric).toBe('git/commits');
    expect(series.DAY).toHaveLength(7);
    expect(series.CALENDAR_MONTH.slice(0, 2)).toMatchObject([
      { date: '2024-03-01', value: 41 },
      { date: '2024-04-01', value: 19 },
    ]);
    expect((await json(app, '/statistics/commits_by_author.json')).authors).toHaveLength(4);
    for (const url of ['/statistics/nonsense.json', '/statistics/constructor.json']) {
      expect((await fetch(app.url + url)).status).toBe(404);
    }
    for (const days of ['0', 'x', '-1', '1e2', '99999', '']) {
      expect((await fetch(`${app.url}/statistics.json?days=${days}`)).status).toBe(400);
    }
    expect((await fetch(`${app.url}/?days=1&days=2`)).status).toBe(400);
  });

  it('goes on from its file, and shows what a rebase took away', async () => {
    const repo = createRepository(path('rebased'), history());
    const first = await start(repo, ['--time-zone', 'UTC']);
    const before = await json(first, '/statistics.json?days=365');
    expect(await first.stop()).toBe(0);

    const second = await start(repo, ['--time-zone', 'UTC']);
    const again = await json(second, '/statistics.json?days=365');
    expect({ ...again, repository: null }).toEqual({ ...before, repository: null });
    await second.stop();

    addCommits(repo, [{ at: '2024-03-01T12:00:00Z', name: 'Late' }], 'main~30');
    const third = await start(repo, ['--time-zone', 'Asia/Kathmandu']);
    const { totals, series, topAuthors } = await json(third, '/statistics.json?days=365');
    expect(totals.commits).toBe(31);
    expect(counted(series.commits.DAY)).toEqual(commitsByDate(repo, 'Asia/Kathmandu'));
    expect(series.commits.LIFETIME.at(-1).value).toBe(31);
    expect(topAuthors.map(({ commits }: { commits: number }) => commits)).toEqual([8, 8, 7, 7, 1]);
    await third.stop();
  });

  it('has something sensible to say of an empty, a shallow and a future repository', async () => {
    const whole = createRepository(path('whole'), [{ at: '2024-01-01T00:00:00Z' }, { at: '2024-01-02T00:00:00Z' }, { at: '2090-01-01T00:00:00Z' }]);
    git(directory.path, ['clone', '-q', '--depth', '2', `file://${whole}`, 'shallow']);
    const [empty, shallow, future] = await Promise.all([start(createRepository(path('empty'), [])), start(path('shallow')), start(whole)]);

    expect(await page(empty)).toContain('This repository has no commits yet');
    expect((await json(empty, '/statistics.json')).repository).toMatchObject({ name: 'empty', isEmpty: true });

    const text = await page(shallow);
    expect(text).toContain('This is a shallow clone');
    expect(text).toContain('1 commit is dated in the future');

    expect((await json(future, '/statistics.json')).totals).toMatchObject({ commits: 2 });
    expect((await json(future, '/statistics.json')).repository).toMatchObject({ commitsInFuture: 1, isShallow: false });
  });

  it('ends with one clear line and code 1 where it cannot start', async () => {
    mkdirSync(path('plain'));
    writeFileSync(path('text.sqlite'), 'this is no database, it is a text that is long enough to be looked at'.repeat(50));
    const repo = createRepository(path('fine'), [{ at: '2024-01-01T00:00:00Z' }]);
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const database = ['--database', path('fine.sqlite')];

    const cases: [string[], RegExp][] = [
      [['--repo', path('plain')], /No git repository can be read at .*: not a git repository/],
      [['--repo', path('nowhere')], /No git repository can be read at .*: No such file or directory/],
      [['--repo', repo, ...database, '--port', String(port)], /port \d+ .*in use/i],
      [['--repo', repo, '--port', 'http'], /port/],
      [['--repo', repo, ...database, '--time-zone', 'Mars/Base'], /time zone.*Mars\/Base/i],
      [['--repo', repo, '--database', path('plain')], /database/],
      [['--repo', repo, '--database', path('text.sqlite')], /database/],
      [['--repos', repo], /--repos/],
    ];
    for (const [args, message] of cases) {
      const { code, output } = await runSample(sample.main, args);
      expect({ args, code, output }).toEqual({ args, code: 1, output: expect.stringMatching(message) as string });
      expect(output.trim().split('\n')).toHaveLength(1);
    }
    server.close();
    const noGit = await runSample(sample.main, ['--repo', repo, ...database], { PATH: path('plain') });
    expect(noGit).toEqual({ code: 1, output: expect.stringContaining('git is not installed') as string });
  });
});
