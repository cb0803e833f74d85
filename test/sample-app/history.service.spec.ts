import { DataSource } from 'typeorm';
import { openRepositories } from '../../sample-app/src/git/repository.reader.js';
import { Author } from '../../sample-app/src/history/author.entity.js';
import { Commit } from '../../sample-app/src/history/commit.entity.js';
import { HistoryService } from '../../sample-app/src/history/history.service.js';
import { GitRepository } from '../../sample-app/src/history/repository.entity.js';
import { addCommits, createRepository, git, temporaryDirectory } from './git-repository.js';

const directory = temporaryDirectory();
const signal = new AbortController().signal;
let dataSource: DataSource;

beforeEach(async () => {
  dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [Author, Commit, GitRepository],
    synchronize: true,
  });
  await dataSource.initialize();
});
afterEach(() => dataSource.destroy());
afterAll(() => {
  directory.remove();
});

async function historyOf(...paths: string[]): Promise<HistoryService> {
  return new HistoryService(await openRepositories(paths), dataSource);
}
const stored = async () =>
  (await dataSource.manager.find(Commit, { relations: { author: true }, order: { committedAt: 'ASC' } })).map(
    ({ committedAt, author, lines }) => `${committedAt.toISOString().slice(0, 10)} ${author.name} ${lines}`,
  );

it('keeps authors apart that differ in case or in a space only', async () => {
  const names = ['Ann', 'ann', 'ANN ', 'Änn', 'Ann'];
  const path = createRepository(
    `${directory.path}/authors`,
    names.map((name, i) => ({
      at: `2024-01-0${i + 1}T12:00:00Z`,
      name,
      email: i === 4 ? 'other@example.org' : 'a@example.org',
    })),
  );
  await (await historyOf(path)).read(signal);
  const expected = new Set(git(path, ['log', '--format=%an <%ae>']).trimEnd().split('\n'));
  expect(new Set((await dataSource.manager.find(Author)).map(({ name, email }) => `${name} <${email}>`))).toEqual(
    expected,
  );
  expect(await dataSource.manager.count(Commit)).toBe(5);
});

it('reads what is new, removes what a rebase left behind, and tells since when', async () => {
  const path = createRepository(`${directory.path}/rebased`, [
    { at: '2024-01-01T12:00:00Z' },
    { at: '2024-01-02T12:00:00Z', name: 'Bob' },
    { at: '2024-01-03T12:00:00Z' },
  ]);
  const history = await historyOf(path);
  await history.read(signal);
  expect(await history.changedSince()).toEqual(new Date('2024-01-01T12:00:00Z'));
  await history.settled();
  await history.read(signal);
  expect(await history.changedSince()).toBeNull();

  addCommits(path, [{ at: '2024-01-05T12:00:00Z' }]);
  await history.read(signal);
  expect(await history.changedSince()).toEqual(new Date('2024-01-05T12:00:00Z'));
  await history.settled();

  addCommits(path, [{ at: '2024-01-04T12:00:00Z', name: 'Eve' }], 'main~3');
  await history.read(signal);
  expect(await history.changedSince()).toEqual(new Date('2024-01-02T12:00:00Z'));
  expect(await stored()).toEqual(['2024-01-01 Ann 1', '2024-01-04 Eve 2']);

  git(path, ['update-ref', '-d', 'refs/heads/main']);
  await history.read(signal);
  expect(await stored()).toEqual([]);
});

it('counts nothing for the last commit of a shallow clone, and what it changed once the rest is there', async () => {
  const whole = createRepository(`${directory.path}/whole`, [
    { at: '2024-01-01T12:00:00Z', files: { a: 'a\n'.repeat(1000) } },
    { at: '2024-01-02T12:00:00Z', files: { b: 'b\n' } },
    { at: '2024-01-03T12:00:00Z', files: { c: 'c\n' } },
  ]);
  const path = `${directory.path}/shallow`;
  git(directory.path, ['clone', '-q', '--depth', '2', `file://${whole}`, path]);
  const history = await historyOf(path);
  await history.read(signal);
  expect(await stored()).toEqual(['2024-01-02 Ann 0', '2024-01-03 Ann 1']);

  git(path, ['fetch', '-q', '--unshallow']);
  await history.read(signal);
  expect(await stored()).toEqual(['2024-01-01 Ann 1000', '2024-01-02 Ann 1', '2024-01-03 Ann 1']);
});

it('goes on after a reading that was cut short', async () => {
  const path = createRepository(
    `${directory.path}/long`,
    Array.from({ length: 1200 }, (_, i) => ({ at: new Date(Date.UTC(2024, 0, 1, i)).toISOString() })),
  );
  const history = await historyOf(path);
  const controller = new AbortController();
  const reading = history.read(controller.signal);
  while ((await dataSource.manager.count(Commit)) === 0) await new Promise(setImmediate);
  controller.abort();
  await expect(reading).rejects.toThrow(/abort/i);
  const some = await dataSource.manager.count(Commit);
  expect(some).toBeLessThan(1200);
  expect(some % 500).toBe(0);
  expect(await history.changedSince()).not.toBeNull();

  await history.read(signal);
  expect(await dataSource.manager.count(Commit)).toBe(1200);
});

it('keeps apart what two repositories have in common, and forgets one that is shown no longer', async () => {
  const one = createRepository(`${directory.path}/one`, [{ at: '2024-01-02T12:00:00Z' }]);
  git(directory.path, ['clone', '-q', one, 'fork']);
  const fork = addCommits(`${directory.path}/fork`, [{ at: '2024-01-05T12:00:00Z' }]);
  const both = await historyOf(one, fork, one);
  await both.read(signal);
  expect(await stored()).toEqual(['2024-01-02 Ann 1', '2024-01-02 Ann 1', '2024-01-05 Ann 2']);
  expect(await dataSource.manager.count(Author)).toBe(2);
  expect(await dataSource.manager.count(GitRepository)).toBe(2);
  await both.settled();
  expect(await both.changedSince()).toBeNull();

  const alone = await historyOf(one);
  await alone.read(signal);
  expect(await stored()).toEqual(['2024-01-02 Ann 1']);
  expect(await alone.changedSince()).toEqual(new Date('2024-01-02T12:00:00Z'));

  await both.read(signal);
  expect(await stored()).toHaveLength(3);
});
