import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager, In } from 'typeorm';
import type { GitCommit } from '../git/git-log.js';
import { RepositoryReader } from '../git/repository.reader.js';
import { Author } from './author.entity.js';
import { Commit } from './commit.entity.js';
import { HistoryState } from './history-state.entity.js';

/** Rows in one transaction: enough to be quick, few enough for SQLite's limit of parameters. */
const CHUNK = 500;
const STATE = { id: 1 };

/** Keeps the tables of commits and authors equal to what the repository holds. */
@Injectable()
export class HistoryService {
  private readonly logger = new Logger(HistoryService.name);

  constructor(
    private readonly repository: RepositoryReader,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Reads what is new and removes what a rebase or a change of branch has left unreachable. A reading that is cut short
   * leaves whole chunks behind; the next one goes on from there.
   */
  async read(signal: AbortSignal): Promise<void> {
    const state = await this.state();
    const head = await this.repository.head();
    const boundary = await this.repository.boundary();
    const boundaryText = [...boundary].sort().join(' ');
    if (head === state.head && boundaryText === state.boundary) return;

    const { missing, surplus } = await this.compare(head, boundary, signal);
    if (missing.length > 5000) this.logger.warn(`Reading ${missing.length} commits; this happens once`);
    for await (const chunk of inChunks(surplus)) await this.remove(chunk);
    for await (const chunk of inChunks(this.repository.commits(missing, signal))) await this.insert(chunk, boundary);
    await this.dataSource.manager.update(HistoryState, STATE, { head, boundary: boundaryText });
  }

  /** The earliest instant at which commits came or went since `settled` was last called. */
  async changedSince(): Promise<Date | null> {
    return (await this.state()).changedSince;
  }

  /** The statistics know of every change now. */
  async settled(): Promise<void> {
    await this.dataSource.manager.update(HistoryState, STATE, { changedSince: null });
  }

  private async state(): Promise<HistoryState> {
    const states = this.dataSource.getRepository(HistoryState);
    return (await states.findOneBy(STATE)) ?? states.save({ ...STATE, head: null, boundary: '', changedSince: null });
  }

  private async compare(head: string | null, boundary: Set<string>, signal: AbortSignal) {
    const stored = new Map<string, boolean>();
    for (const commit of await this.dataSource.manager.find(Commit, { select: { sha: true, isBoundary: true } })) {
      stored.set(commit.sha, commit.isBoundary);
    }
    const missing: string[] = [];
    if (head !== null) {
      for await (const sha of this.repository.reachableFrom(head, signal)) {
        const isKnown = stored.get(sha) === boundary.has(sha);
        if (isKnown) stored.delete(sha);
        else missing.push(sha);
      }
    }
    return { missing, surplus: [...stored.keys()] };
  }

  private async insert(commits: GitCommit[], boundary: Set<string>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const authorIds = await this.authorIds(manager, commits);
      const rows = commits.map(({ authorName, authorEmail, ...commit }) => {
        const isBoundary = boundary.has(commit.sha);
        const changes = isBoundary ? { files: 0, insertions: 0, deletions: 0 } : commit;
        return {
          ...commit,
          files: changes.files,
          insertions: changes.insertions,
          deletions: changes.deletions,
          lines: changes.insertions + changes.deletions,
          isBoundary,
          authorId: authorIds.get(authorKey(authorName, authorEmail)),
        };
      });
      await manager.insert(Commit, rows);
      await this.noteChange(manager, rows);
    });
  }

  private async remove(shas: string[]): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const commits = await manager.find(Commit, {
        select: { sha: true, committedAt: true },
        where: { sha: In(shas) },
      });
      await manager.delete(Commit, { sha: In(shas) });
      await this.noteChange(manager, commits);
    });
  }

  /** Stands in the transaction of the change itself, so that a crash cannot come between the two. */
  private async noteChange(manager: EntityManager, commits: { committedAt: Date }[]): Promise<void> {
    const earliest = new Date(Math.min(...commits.map((commit) => commit.committedAt.getTime())));
    const { changedSince } = await manager.findOneByOrFail(HistoryState, STATE);
    if (changedSince === null || earliest < changedSince) {
      await manager.update(HistoryState, STATE, { changedSince: earliest });
    }
  }

  private async authorIds(manager: EntityManager, commits: GitCommit[]): Promise<Map<string, number>> {
    const wanted = commits.map((commit) => ({ name: commit.authorName, email: commit.authorEmail }));
    await manager.createQueryBuilder().insert().into(Author).values(wanted).orIgnore().updateEntity(false).execute();
    const authors = await manager.findBy(Author, { name: In(wanted.map((author) => author.name)) });
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
