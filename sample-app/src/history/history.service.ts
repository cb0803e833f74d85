import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager, In, Not } from 'typeorm';
import type { GitCommit } from '../git/git-log.js';
import { REPOSITORIES, type RepositoryReader } from '../git/repository.reader.js';
import { Author } from './author.entity.js';
import { Commit } from './commit.entity.js';
import { GitRepository } from './repository.entity.js';

/** Rows per transaction: many for speed, few enough for SQLite's limit of parameters. */
const CHUNK = 500;

/** Keeps the tables of commits and authors equal to the repositories. */
@Injectable()
export class HistoryService {
  private readonly logger = new Logger(HistoryService.name);

  constructor(
    @Inject(REPOSITORIES) private readonly readers: readonly RepositoryReader[],
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Reads new commits. Removes commits that a rebase or a change of branch has made unreachable, and those of
   * repositories that are no longer shown. An interrupted reading has stored whole chunks, and the next one continues
   * from there.
   */
  async read(signal: AbortSignal): Promise<void> {
    for (const reader of this.readers) await this.readOne(reader, signal);
    const shown = this.readers.map(({ gitDirectory }) => gitDirectory);
    const others = await this.dataSource.manager.findBy(GitRepository, { gitDirectory: Not(In(shown)) });
    for (const repository of others) await this.empty(repository);
  }

  /** Returns the earliest instant of a commit that was added or removed since the last call of `settled`. */
  async changedSince(): Promise<Date | null> {
    const repositories = await this.dataSource.manager.find(GitRepository);
    return repositories.reduce<Date | null>(
      (earliest, { changedSince: since }) => (since && !(earliest && earliest < since) ? since : earliest),
      null,
    );
  }

  /** Call it once the statistics include every change. */
  async settled(): Promise<void> {
    await this.dataSource.getRepository(GitRepository).updateAll({ changedSince: null });
  }

  private async readOne(reader: RepositoryReader, signal: AbortSignal): Promise<void> {
    const repository = await this.rowOf(reader);
    const head = await reader.head();
    const boundary = await reader.boundary();
    const boundaryText = [...boundary].sort().join(' ');
    if (head === repository.head && boundaryText === repository.boundary) return;

    if (boundary.size > 0) {
      this.logger.warn(`${reader.name} is a shallow clone: its statistics are those of the part that git has`);
    }
    const reachable = head === null ? [] : reader.reachableFrom(head, signal);
    const { missing, surplus } = await this.compare(repository, reachable, boundary);
    if (missing.length > 5000) this.logger.warn(`Reading ${missing.length} commits; this happens once`);
    for await (const chunk of inChunks(surplus)) await this.remove(repository, chunk);
    for await (const chunk of inChunks(reader.commits(missing, signal))) await this.insert(repository, chunk, boundary);
    await this.dataSource.manager.update(GitRepository, repository.id, { head, boundary: boundaryText });
  }

  private async empty(repository: GitRepository): Promise<void> {
    const where = { repositoryId: repository.id };
    const commits = await this.dataSource.manager.find(Commit, { select: { sha: true }, where });
    for await (const chunk of inChunks(commits.map(({ sha }) => sha))) await this.remove(repository, chunk);
    await this.dataSource.manager.update(GitRepository, repository.id, { head: null, boundary: '' });
  }

  private async rowOf({ name, gitDirectory }: RepositoryReader): Promise<GitRepository> {
    const repositories = this.dataSource.getRepository(GitRepository);
    const blank = { name, gitDirectory, head: null, boundary: '', changedSince: null };
    return (await repositories.findOneBy({ gitDirectory })) ?? repositories.save(blank);
  }

  private async compare(
    { id: repositoryId }: GitRepository,
    reachable: Iterable<string> | AsyncIterable<string>,
    boundary: Set<string>,
  ): Promise<{ missing: string[]; surplus: string[] }> {
    const select = { sha: true, isBoundary: true };
    const commits = await this.dataSource.manager.find(Commit, { select, where: { repositoryId } });
    const stored = new Map(commits.map(({ sha, isBoundary }) => [sha, isBoundary]));
    const missing: string[] = [];
    for await (const sha of reachable) {
      const isKnown = stored.get(sha) === boundary.has(sha);
      if (isKnown) stored.delete(sha);
      else missing.push(sha);
    }
    return { missing, surplus: [...stored.keys()] };
  }

  private async insert(repository: GitRepository, commits: GitCommit[], boundary: Set<string>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const authorIds = await this.authorIds(manager, repository, commits);
      const rows = commits.map(({ authorName, authorEmail, ...commit }) => {
        const isBoundary = boundary.has(commit.sha);
        const changes = isBoundary ? { files: 0, insertions: 0, deletions: 0 } : commit;
        return {
          ...commit,
          repositoryId: repository.id,
          files: changes.files,
          insertions: changes.insertions,
          deletions: changes.deletions,
          lines: changes.insertions + changes.deletions,
          isBoundary,
          authorId: authorIds.get(authorKey(authorName, authorEmail)),
        };
      });
      await manager.insert(Commit, rows);
      await this.noteChange(manager, repository, rows);
    });
  }

  private async remove(repository: GitRepository, shas: string[]): Promise<void> {
    const where = { repositoryId: repository.id, sha: In(shas) };
    await this.dataSource.transaction(async (manager) => {
      const commits = await manager.find(Commit, { select: { sha: true, committedAt: true }, where });
      await manager.delete(Commit, where);
      await this.noteChange(manager, repository, commits);
    });
  }

  /** Runs in the transaction of the change itself, so that a crash cannot separate the two. */
  private async noteChange(manager: EntityManager, { id }: GitRepository, commits: { committedAt: Date }[]) {
    const earliest = new Date(Math.min(...commits.map((commit) => commit.committedAt.getTime())));
    const { changedSince } = await manager.findOneByOrFail(GitRepository, { id });
    if (changedSince === null || earliest < changedSince) {
      await manager.update(GitRepository, id, { changedSince: earliest });
    }
  }

  private async authorIds(manager: EntityManager, { id: repositoryId }: GitRepository, commits: GitCommit[]) {
    const wanted = commits.map(({ authorName: name, authorEmail: email }) => ({ repositoryId, name, email }));
    await manager.createQueryBuilder().insert().into(Author).values(wanted).orIgnore().updateEntity(false).execute();
    const authors = await manager.findBy(Author, { repositoryId, name: In(wanted.map(({ name }) => name)) });
    return new Map(authors.map((author) => [authorKey(author.name, author.email), author.id]));
  }
}

function authorKey(name: string, email: string): string {
  return `${name}\0${email}`;
}

async function* inChunks<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length === CHUNK) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}
