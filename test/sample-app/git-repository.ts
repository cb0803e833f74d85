import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Change {
  /** ISO 8601; the committer's, and the author's too */
  at: string;
  name?: string;
  email?: string;
  subject?: string;
  /** path → text; every commit without any writes its own number into the file `n` */
  files?: Record<string, string>;
}

const HERMETIC = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
};

export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'trackstats-sample-'));
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

export function git(
  directory: string,
  args: string[],
  options: { input?: string; env?: NodeJS.ProcessEnv } = {},
): string {
  return execFileSync('git', ['-C', directory, ...args], {
    encoding: 'utf8',
    input: options.input,
    env: { ...process.env, ...HERMETIC, ...options.env },
    maxBuffer: 1e9,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** A new repository with these commits on main, one after the other. */
export function createRepository(directory: string, changes: Change[]): string {
  execFileSync('git', ['init', '-q', '-b', 'main', directory], { env: { ...process.env, ...HERMETIC } });
  return addCommits(directory, changes);
}

/** Puts commits upon main; `onto` says upon which commit of it instead, as a rebase does. */
export function addCommits(directory: string, changes: Change[], onto?: string): string {
  if (changes.length > 0)
    git(directory, ['fast-import', '--quiet', '--force'], { input: stream(directory, changes, onto) });
  return directory;
}

function stream(directory: string, changes: Change[], onto?: string): string {
  let from = onto ?? 'refs/heads/main^0';
  try {
    from = git(directory, ['rev-parse', '--verify', '--quiet', from]).trim();
  } catch {
    from = ''; // the first commits
  }
  const lines: string[] = ['feature done'];
  changes.forEach(({ at, name = 'Ann', email = 'ann@example.org', subject = 'change', files }, i) => {
    const who = `${name} <${email}> ${Date.parse(at) / 1000} +0000`;
    lines.push('commit refs/heads/main', `author ${who}`, `committer ${who}`, data(subject));
    if (i === 0 && from !== '') lines.push(`from ${from}`);
    for (const [path, text] of Object.entries(files ?? { n: `${at} ${i}\n` }))
      lines.push(`M 100644 inline ${path}`, data(text));
  });
  return `${lines.join('\n')}\ndone\n`;
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}`;
}

/** What git itself counts: commits by date in a zone. */
export function commitsByDate(directory: string, timeZone: string): Record<string, number> {
  const dates = git(directory, ['log', '--date=format-local:%F', '--format=%cd'], { env: { TZ: timeZone } });
  const counts: Record<string, number> = {};
  for (const date of dates.split('\n').filter(Boolean)) counts[date] = (counts[date] ?? 0) + 1;
  return counts;
}
