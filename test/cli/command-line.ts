import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformFileSync, type Options } from '@swc/core';
import type { DataSourceOptions } from 'typeorm';

const ROOT = process.cwd();

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when stderr has a text. */
  says(text: RegExp): Promise<void>;
}

export interface Place {
  readonly directory: string;
  /** Runs the bin in the application's directory, to its end. */
  run(...args: string[]): Promise<Ended>;
  start(...args: string[]): Started;
  /** Runs another file of the application. */
  node(file: string, ...args: string[]): Promise<Ended>;
  /** Runs another program in the application's directory. */
  program(name: string, ...args: string[]): Promise<Ended>;
  /** the file of `npx trackstats` */
  readonly bin: string;
  database: DataSourceOptions;
  env: NodeJS.ProcessEnv;
  /** Ends what a failed test has left running. */
  kill(): void;
  remove(): void;
}

/**
 * The library, compiled and installed beside a compiled application, out of reach of the repository's node_modules.
 *
 * @param without packages that are not installed
 */
export function makePlace(type: 'module' | 'commonjs', without: readonly string[] = []): Place {
  const directory = mkdtempSync(join(tmpdir(), 'trackstats-cli-'));
  const installed = join(directory, 'node_modules', 'nestjs-trackstats');
  const left = new Set([...without, '.bin', '.package-lock.json', 'nestjs-trackstats']);
  mkdirSync(installed, { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!left.has(name)) symlinkSync(join(ROOT, 'node_modules', name), join(directory, 'node_modules', name));
  }
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  compile('lib', join(installed, 'dist'), 'es6');
  compile('test/cli/fixtures', join(directory, 'dist'), type === 'module' ? 'es6' : 'commonjs');
  const manifest = { name: 'shop', type, trackstats: { module: './dist/app.module.js' } };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));

  const running = new Set<ChildProcess>();
  const launch = (program: string, args: readonly string[]): Started => {
    const env = { ...process.env, NODE_OPTIONS: '', SHOP_DATABASE: JSON.stringify(place.database), ...place.env };
    const child = spawn(program, [...args], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    child.on('close', () => running.delete(child));
    return started(child);
  };
  const bin = join(installed, 'dist', 'cli', 'main.js');
  const place: Place = {
    directory,
    database: { type: 'better-sqlite3', database: join(directory, 'shop.sqlite'), synchronize: true },
    env: {},
    bin,
    start: (...args) => launch(process.execPath, [bin, ...args]),
    run: (...args) => launch(process.execPath, [bin, ...args]).ended,
    node: (file, ...args) => launch(process.execPath, [join(directory, file), ...args]).ended,
    program: (name, ...args) => launch(name, args).ended,
    kill: () => {
      for (const child of running) child.kill('SIGKILL');
    },
    remove: () => {
      place.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return place;
}

function started(child: ChildProcess): Started {
  let [stdout, stderr] = ['', ''];
  const watched: { text: RegExp; found: () => void }[] = [];
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (stdout += part));
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
    for (const { text, found } of watched) if (text.test(stderr)) found();
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const says = (text: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      watched.push({ text, found: resolve });
      if (text.test(stderr)) resolve();
      void ended.then(() => {
        reject(new Error(`it ended without saying ${String(text)}: ${stderr}`));
      });
    });
  return { child, ended, says };
}

function compile(from: string, to: string, type: 'es6' | 'commonjs'): void {
  for (const file of readdirSync(join(ROOT, from), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const target = join(to, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    const options: Options = { swcrc: true, module: { type } };
    writeFileSync(target, transformFileSync(join(ROOT, from, file), options).code);
  }
}
