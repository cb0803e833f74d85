import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GitCommit } from '../../sample-app/src/git/git-log.js';
import { RepositoryReader } from '../../sample-app/src/git/repository.reader.js';
import { addCommits, createRepository, git, temporaryDirectory } from './git-repository.js';

const directory = temporaryDirectory();
afterAll(() => {
  directory.remove();
});
const path = (name: string) => join(directory.path, name);

async function readAll(repository: RepositoryReader): Promise<GitCommit[]> {
  const head = await repository.head();
  const ids: string[] = [];
  if (head !== null) for await (const id of repository.reachableFrom(head)) ids.push(id);
  const commits: GitCommit[] = [];
  for await (const commit of repository.commits(ids)) commits.push(commit);
  return commits;
}

describe('RepositoryReader', () => {
  it('reads what git log says: renames, binary files, merges, empty subjects, paths with every character', async () => {
    const dir = createRepository(path('odd'), [
      { at: '2024-01-01T10:00:00Z', files: { 'a.txt': 'a\nb\nc\n', 'bin.dat': 'x\0y' } },
      { at: '2024-01-02T10:00:00Z', subject: '', files: { '"tab\\t and\\nline\\u0001"': 'a\n' } },
      {
        at: '2024-01-03T10:00:00Z',
        name: '',
        email: '',
        subject: 'tab\tunit\x1f\x1e record',
        files: { '12\t3': 'x\ny\n' },
      },
    ]);
    git(dir, ['checkout', '-q', 'main']);
    git(dir, ['mv', 'a.txt', 'b.txt']);
    const who = ['-c', 'user.name=Bob', '-c', 'user.email=b@example.org'];
    const at = { GIT_AUTHOR_DATE: '2024-01-04T10:00:00Z', GIT_COMMITTER_DATE: '2024-01-05T10:00:00Z' };
    git(dir, [...who, 'commit', '-qm', 'rename'], { env: at });
    git(dir, [...who, 'commit', '-qm', 'nothing', '--allow-empty'], { env: at });
    git(dir, ['checkout', '-qb', 'side', 'HEAD~1']);
    git(dir, [...who, 'commit', '-qm', 'side', '--allow-empty'], { env: at });
    git(dir, ['checkout', '-q', 'main']);
    git(dir, [...who, 'merge', '-q', '--no-ff', '-m', 'merge', 'side'], { env: at });

    const commits = await readAll(await RepositoryReader.open(dir));

    expect(
      commits.map((commit) => `${commit.sha} ${commit.authorName} <${commit.authorEmail}> ${commit.subject}`),
    ).toEqual(
      git(dir, [
        'log',
        '--format=%H %an <%ae> %s',
        '--no-walk=unsorted',
        ...git(dir, ['rev-list', 'HEAD']).trim().split('\n'),
      ])
        .trimEnd()
        .split('\n'),
    );
    const bySubject = Object.fromEntries(commits.map((commit) => [commit.subject, commit]));
    expect(bySubject.change).toMatchObject({ files: 2, insertions: 3, deletions: 0, isMerge: false });
    expect(bySubject['']).toMatchObject({ files: 1, insertions: 1 });
    expect(bySubject['tab\tunit\x1f\x1e record']).toMatchObject({
      authorName: '',
      authorEmail: '',
      files: 1,
      insertions: 2,
    });
    expect(bySubject.rename).toMatchObject({ files: 1, insertions: 0, deletions: 0 });
    expect(bySubject.rename?.authoredAt).toEqual(new Date('2024-01-04T10:00:00Z'));
    expect(bySubject.rename?.committedAt).toEqual(new Date('2024-01-05T10:00:00Z'));
    expect(bySubject.nothing).toMatchObject({ files: 0, insertions: 0, deletions: 0 });
    expect(bySubject.merge).toMatchObject({ isMerge: true, files: 0 });
  });

  it('is not led astray by the configuration of the repository or the directory it stands in', async () => {
    const dir = createRepository(path('configured'), [
      {
        at: '2024-01-01T10:00:00Z',
        files: { 'a.txt': 'a\n', 'sub/b.txt': 'b\nb\n', '.gitattributes': '*.txt diff=evil\n' },
      },
    ]);
    git(dir, ['checkout', '-q', 'main']);
    const evil = path('ran');
    for (const [key, value] of Object.entries({
      'log.showRoot': 'false',
      'log.showSignature': 'true',
      'diff.relative': 'true',
      'diff.external': `touch ${evil}`,
      'diff.evil.textconv': `touch ${evil};cat`,
      'diff.evil.command': `touch ${evil}`,
      'color.ui': 'always',
      'i18n.logOutputEncoding': 'ISO-8859-1',
    })) {
      git(dir, ['config', key, value]);
    }
    addCommits(dir, [{ at: '2024-01-02T10:00:00Z', name: 'Zoë', subject: 'ü' }]);

    const commits = await readAll(await RepositoryReader.open(join(dir, 'sub')));

    expect(commits).toMatchObject([
      { authorName: 'Zoë', subject: 'ü', insertions: 1 },
      { files: 3, insertions: 4 },
    ]);
    expect(() => execFileSync('ls', [evil], { stdio: 'pipe' })).toThrow();
  });

  it('knows an empty repository, a bare one, and the end of a shallow one', async () => {
    const empty = await RepositoryReader.open(createRepository(path('empty'), []));
    expect(await empty.head()).toBeNull();
    expect(empty.name).toBe('empty');

    const whole = createRepository(path('whole'), [
      { at: '2024-01-01T10:00:00Z' },
      { at: '2024-01-02T10:00:00Z' },
      { at: '2024-01-03T10:00:00Z' },
    ]);
    expect(await (await RepositoryReader.open(whole)).boundary()).toEqual(new Set());
    git(directory.path, ['clone', '-q', '--bare', '--depth', '2', `file://${whole}`, 'shallow.git']);
    const shallow = await RepositoryReader.open(path('shallow.git'));
    expect(shallow.name).toBe('shallow');
    expect(await readAll(shallow)).toHaveLength(2);
    expect(await shallow.boundary()).toEqual(new Set([git(whole, ['rev-parse', 'main~1']).trim()]));
  });

  it('takes dates that no calendar has', async () => {
    const dir = createRepository(path('dates'), [{ at: '1970-01-01T00:00:00Z' }]);
    const raw = (date: string) =>
      git(dir, ['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'], {
        input: `tree ${git(dir, ['rev-parse', 'main^{tree}'])}author A <a> ${date}\ncommitter A <a> ${date}\n\nx\n`,
      }).trim();
    const repository = await RepositoryReader.open(dir);
    const ids = [raw('99999999999999 +0000'), raw('not a date'), raw('-5 +0000')];
    const years: number[] = [];
    for await (const commit of repository.commits(ids)) years.push(commit.committedAt.getUTCFullYear());
    expect(years[0]).toBe(9999);
    expect(years.slice(1).every((year) => year >= 1969 && year <= 9999)).toBe(true);
  });

  it('says in one line why it cannot read', async () => {
    mkdirSync(path('plain'));
    await expect(RepositoryReader.open(path('plain'))).rejects.toThrow(
      /^No git repository can be read at .*plain: not a git repository[^\n]*$/,
    );
    await expect(RepositoryReader.open(path('nowhere'))).rejects.toThrow(
      /^No git repository can be read at .*nowhere: [^\n]*No such file[^\n]*$/,
    );
    const dir = createRepository(path('broken'), [{ at: '2024-01-01T10:00:00Z' }]);
    const repository = await RepositoryReader.open(dir);
    await expect(readAllOf(repository.reachableFrom('0'.repeat(40)))).rejects.toThrow(/bad object/);
    appendFileSync(join(dir, '.git', 'config'), '[broken\n');
    await expect(repository.head()).rejects.toThrow(/bad config line/);
  });

  it('can be stopped', async () => {
    const repository = await RepositoryReader.open(path('whole'));
    const controller = new AbortController();
    controller.abort();
    await expect(readAllOf(repository.reachableFrom('main', controller.signal))).rejects.toThrow(/abort/i);
  });
});

async function readAllOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
