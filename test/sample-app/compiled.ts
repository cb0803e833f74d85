import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';
import { buildDashboardPage } from '../../build/dashboard-page.js';
import { buildLibrary } from '../../build/library.js';
import { SHORT_LIVED } from '../support/short-lived.js';

const ROOT = process.cwd();

/** The library and the sample application as `npm start` has them, compiled into a directory of their own. */
export function compileSample(): { main: string; remove: () => void } {
  const compiled = compileApplication('sample-app/src', 'sample-app/dist');
  buildDashboardPage(join(compiled.directory, 'dist', 'dashboard', 'page'));
  return compiled;
}

/**
 * The library and an application on it, compiled into a directory of their own: it is a copy of the package, so that the
 * application finds `nestjs-trackstats` there.
 */
export function compileApplication(
  source: string,
  compiled: string,
): { directory: string; main: string; remove: () => void } {
  mkdirSync(join(ROOT, '.tsc-out'), { recursive: true });
  const directory = mkdtempSync(join(ROOT, '.tsc-out', 'application-'));
  copyFileSync(join(ROOT, 'package.json'), join(directory, 'package.json'));
  buildLibrary(join(directory, 'dist'));
  compile(source, join(directory, compiled));
  return {
    directory,
    main: join(directory, compiled, 'main.js'),
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function compile(from: string, to: string): void {
  for (const file of readdirSync(join(ROOT, from), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const target = join(to, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, transformFileSync(join(ROOT, from, file), { swcrc: true }).code);
  }
}

export interface Running {
  url: string;
  /** Asks as the owner, who is signed in. */
  fetch: (path: string) => Promise<Response>;
  child: ChildProcess;
  /** What it has printed so far, to both outputs. */
  output: () => string;
  /** Sends a signal, SIGTERM where none is named, and waits for the end: its exit code. */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

export const PASSWORD = 'correct horse';

/** Sends the form of the login as a browser does. */
export function signIn(
  url: string,
  password: string,
  to = '/',
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = new URLSearchParams({ password, to });
  return fetch(`${url}/login`, { method: 'POST', redirect: 'manual', headers: { origin: url, ...headers }, body });
}

/** The cookie that an answer sets, as a browser sends it back. */
export function cookieOf(response: Response): string {
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

async function signedIn(url: string): Promise<Running['fetch']> {
  const cookie = cookieOf(await signIn(url, PASSWORD));
  return (path) => fetch(url + path, { headers: { cookie }, redirect: 'manual' });
}

/** Starts the application; resolves when it has said where it listens, and the owner is signed in. */
export async function startSample(main: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const { child, output, ended } = run(main, ['--port', '0', ...args], { SAMPLE_PASSWORD: PASSWORD, ...env });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /https?:\/\/\S+/.exec(output());
      if (found) resolve(found[0]);
    });
    void ended.then((code) => {
      reject(new Error(`ended with ${String(code)}: ${output()}`));
    });
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return ended;
  };
  const fetch = await signedIn(url);
  return { url, fetch, child, output, stop };
}

/** Runs the application to its end. */
export async function runSample(
  main: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  const { output, ended } = run(main, args, env);
  return { code: await ended, output: output() };
}

function run(main: string, args: string[], env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [...SHORT_LIVED, main, ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, ended, output: () => text };
}
