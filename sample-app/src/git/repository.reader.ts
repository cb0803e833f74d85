import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { GIT_LOG, type GitCommit, parseGitLog } from './git-log.js';
import { git, GitError } from './git.js';

/** Injects the readers of all repositories that the application was started with. */
export const REPOSITORIES = Symbol('repositories');

/** Reads one git repository, and never writes to it. */
export class RepositoryReader {
  private constructor(
    readonly name: string,
    /** where git keeps the repository: another one for each linked worktree, whose HEAD is its own */
    readonly gitDirectory: string,
    private readonly directory: string,
  ) {}

  /** @throws {GitError} where git sees no repository that it may read */
  static async open(directory: string): Promise<RepositoryReader> {
    try {
      const gitDirectory = await answer(directory, ['rev-parse', '--absolute-git-dir']);
      const home = basename(gitDirectory) === '.git' ? dirname(gitDirectory) : gitDirectory;
      return new RepositoryReader(basename(home, '.git') || 'repository', gitDirectory, directory);
    } catch (error) {
      if (error instanceof GitError)
        throw new GitError(`No git repository can be read at ${directory}: ${error.message}`);
      throw error;
    }
  }

  /** The commit that is checked out; null: there are no commits yet. */
  async head(): Promise<string | null> {
    try {
      return await answer(this.directory, ['rev-parse', '--verify', '--quiet', 'HEAD']);
    } catch (error) {
      if (error instanceof GitError && error.exitCode === 1) return null;
      throw error;
    }
  }

  /**
   * Where a shallow clone ends: git has these commits and not their parents, so it cannot tell what they changed.
   * Empty for a whole repository.
   */
  async boundary(): Promise<Set<string>> {
    const path = await answer(this.directory, ['rev-parse', '--git-path', 'shallow']);
    const text = await readFile(resolve(this.directory, path), 'utf8').catch(() => '');
    return new Set(text.split('\n').filter((sha) => sha !== ''));
  }

  /** The ids of a commit and everything before it. */
  reachableFrom(head: string, signal?: AbortSignal): AsyncGenerator<string> {
    return git(this.directory, ['rev-list', head], { signal });
  }

  /** The commits with these ids, in this order. */
  async *commits(ids: string[], signal?: AbortSignal): AsyncGenerator<GitCommit> {
    if (ids.length === 0) return; // git would take HEAD instead
    const input = ids.map((id) => `${id}\n`).join('');
    const args = [...GIT_LOG, '--no-walk=unsorted', '--stdin'];
    yield* parseGitLog(git(this.directory, args, { input, separator: '\0', signal }));
  }
}

/** Opens each repository once, however often it is named. */
export async function openRepositories(directories: readonly string[]): Promise<RepositoryReader[]> {
  const readers = new Map<string, RepositoryReader>();
  for (const directory of directories) {
    const reader = await RepositoryReader.open(directory);
    readers.set(reader.gitDirectory, reader);
  }
  return [...readers.values()];
}

async function answer(directory: string, args: string[]): Promise<string> {
  let first: string | undefined;
  for await (const line of git(directory, args)) first ??= line;
  return first ?? '';
}
