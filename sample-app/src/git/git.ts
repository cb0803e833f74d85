import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The reason why git failed, in one line. */
export class GitError extends Error {
  constructor(
    message: string,
    readonly exitCode: number | null = null,
  ) {
    super(message);
  }
}

export interface GitOptions {
  /** Text for git's standard input. */
  input?: string;
  /** The separator between two parts of the output. @default a line break */
  separator?: string;
  /** Aborting it stops git. */
  signal?: AbortSignal;
}

/**
 * Runs git in a directory and yields the parts of its output as they arrive. There is no shell between, so arguments
 * need no quoting.
 */
export async function* git(directory: string, args: string[], options: GitOptions = {}): AsyncGenerator<string> {
  const { input = '', separator = '\n', signal } = options;
  const child = spawn('git', ['-C', directory, ...args], {
    env: { ...process.env, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' },
    signal,
  });
  const closed = once(child, 'close') as Promise<[code: number | null]>;
  closed.catch(() => undefined); // handled below, when the output has ended
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(0, 2000)));
  child.stdin.on('error', () => undefined); // git ended before it had read everything; its exit code gives the reason
  child.stdin.end(input);

  try {
    let rest = '';
    for await (const text of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
      const parts = (rest + text).split(separator);
      rest = parts.pop() ?? '';
      yield* parts;
    }
    if (rest !== '') yield rest;
    const [code] = await closed;
    if (code !== 0) throw new GitError(firstLine(complaint) || `git ended with exit code ${String(code)}`, code);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? new GitError('git is not installed, or not on the PATH')
      : error;
  } finally {
    child.kill();
  }
}

function firstLine(complaint: string): string {
  const line = complaint.split('\n').find((text) => text.trim() !== '') ?? '';
  return line.replace(/^(fatal|error): /, '');
}
