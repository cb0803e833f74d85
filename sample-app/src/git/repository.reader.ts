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
    /** git's folder of the repository. Each linked worktree has one, with its own HEAD */
    readonly gitDirectory: string,
    private readonly directory: string,
  ) {}

  /** @throws {GitError} if git finds no repository that it may read */
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

  /** Returns the commit that is checked out, or null if there are no commits yet. */
  async head(): Promise<string | null> {
    try {
      return await answer(this.directory, ['rev-parse', '--verify', '--quiet', 'HEAD']);
    } catch (error) {
      if (error instanceof GitError && error.exitCode === 1) return null;
      throw error;
    }
  }

  /**
   * Returns the commits at which a shallow clone ends. git lacks their parents, so their changes are unknown. Empty for
   * a complete repository.
   */
  async boundary(): Promise<Set<string>> {
    const path = await answer(this.directory, ['rev-parse', '--git-path', 'shallow']);
    const text = await readFile(resolve(this.directory, path), 'utf8').catch(() => '');
    return new Set(text.split('\n').filter((sha) => sha !== ''));
  }

  /** Yields the ids of a commit and of all commits before it. */
  reachableFrom(head: string, signal?: AbortSignal): AsyncGenerator<string> {
    return git(this.directory, ['rev-list', head], { signal });
  }

  /** Yields the commits with these ids, in this order. */
  async *commits(ids: string[], signal?: AbortSignal): AsyncGenerator<GitCommit> {
    if (ids.length === 0) return; // git would take HEAD instead
    const input = ids.map((id) => `${id}\n`).join('');
    const args = [...GIT_LOG, '--no-walk=unsorted', '--stdin'];
    yield* parseGitLog(git(this.directory, args, { input, separator: '\0', signal }));
  }
}

/** Opens each repository once, even if it is named several times. */
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
