import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformFileSync, type Options } from '@swc/core';
import type { DataSourceOptions } from 'typeorm';
import { buildLibrary } from '../../build/library.js';
import { SHORT_LIVED } from '../support/short-lived.js';

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
  /** Runs a command in the application's directory, to its end; commands share a process. */
  run(...args: string[]): Promise<Ended>;
  /** Runs the bin in a process of its own, to its end. */
  runAlone(...args: string[]): Promise<Ended>;
  start(...args: string[]): Started;
  /** Runs another file of the application. */
  node(file: string, ...args: string[]): Promise<Ended>;
  /** Runs another program in the application's directory. */
  program(name: string, ...args: string[]): Promise<Ended>;
  /** the file of `npx trackstats` */
  readonly bin: string;
  database: DataSourceOptions;
  /** Ends what runs still. The process that commands share stays, unless it is in the middle of one. */
  kill(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * The library, built and installed beside a compiled application, out of reach of the repository's node_modules.
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
  places++;
  cpSync(builtLibrary(), join(installed, 'dist'), { recursive: true });
  compile('test/cli/fixtures', join(directory, 'dist'), type === 'module' ? 'es6' : 'commonjs');
  const manifest = { name: 'shop', type, trackstats: { module: './dist/app.module.js' } };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));

  const running = new Map<ChildProcess, Promise<unknown>>();
  const spawned = (program: string, args: readonly string[], stdio: StdioOptions): ChildProcess => {
    const env = { ...process.env, NODE_OPTIONS: '', SHOP_DATABASE: JSON.stringify(place.database) };
    const child = spawn(program, [...args], { cwd: directory, env, stdio });
    const closed = once(child, 'close').finally(() => running.delete(child));
    running.set(child, closed);
    return child;
  };
  const launch = (program: string, args: readonly string[]): Started =>
    started(spawned(program, args, ['ignore', 'pipe', 'pipe']));
  const bin = join(installed, 'dist', 'cli', 'main.js');

  let resident: { child: ChildProcess; database: DataSourceOptions; isBusy: boolean } | null = null;
  const residentOn = async (database: DataSourceOptions): Promise<NonNullable<typeof resident>> => {
    // its application reads the database's options once
    if (resident !== null && (resident.database !== database || resident.child.exitCode !== null)) {
      resident.child.kill('SIGKILL');
      await running.get(resident.child);
      resident = null;
    }
    resident ??= {
      child: spawned(
        process.execPath,
        [...SHORT_LIVED, join(ROOT, 'test', 'cli', 'resident.mjs'), bin],
        ['ignore', 'inherit', 'inherit', 'ipc'],
      ),
      database,
      isBusy: false,
    };
    return resident;
  };
  const place: Place = {
    directory,
    database: { type: 'better-sqlite3', database: join(directory, 'shop.sqlite'), synchronize: true },
    bin,
    run: async (...args) => {
      const shared = await residentOn(place.database);
      const { child } = shared;
      const answered = new AbortController();
      const answer = once(child, 'message', answered) as Promise<[Ended]>;
      const end = once(child, 'exit', answered).then(() => {
        throw new Error('The process of the commands has ended.');
      });
      shared.isBusy = true;
      child.send(args);
      const [ended] = await Promise.race([answer, end]).finally(() => {
        answered.abort();
      });
      shared.isBusy = false;
      return ended;
    },
    start: (...args) => launch(process.execPath, [...SHORT_LIVED, bin, ...args]),
    runAlone: (...args) => launch(process.execPath, [...SHORT_LIVED, bin, ...args]).ended,
    node: (file, ...args) => launch(process.execPath, [...SHORT_LIVED, join(directory, file), ...args]).ended,
    program: (name, ...args) => launch(name, args).ended,
    kill: async () => {
      if (resident?.isBusy === true) resident = null;
      const ended = [...running].filter(([child]) => child !== resident?.child);
      for (const [child] of ended) child.kill('SIGKILL');
      await Promise.all(ended.map(([, closed]) => closed));
    },
    remove: async () => {
      resident = null;
      await place.kill();
      rmSync(directory, { recursive: true, force: true });
      if (--places === 0) removeLibrary();
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

/** Built once for all places of a spec, and removed with the last of them. */
let library: string | null = null;
let places = 0;

function builtLibrary(): string {
  if (library === null) {
    library = mkdtempSync(join(tmpdir(), 'trackstats-cli-library-'));
    buildLibrary(library);
  }
  return library;
}

function removeLibrary(): void {
  if (library !== null) rmSync(library, { recursive: true, force: true });
  library = null;
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
