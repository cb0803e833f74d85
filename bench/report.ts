import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import type { BenchCase, BenchOptions } from './bench-case.js';
import type { DatabaseKind } from './databases.js';
import type { Measured } from './measure.js';

export interface Result {
  readonly database: string;
  readonly kind: DatabaseKind;
  readonly case: BenchCase;
  readonly measured: Measured;
}

/** A result as it is stored. */
interface Kept extends Measured {
  readonly database: string;
  readonly name: string;
  readonly title: string;
  readonly target: number | null;
  readonly limitMs: number | null;
  readonly rows: number;
  readonly date: string;
  readonly commit: string;
  /** processes that were running or waiting in the last minute, the benchmark and the servers included */
  readonly load: number;
}

interface Results {
  readonly machine: {
    readonly cpus: string;
    readonly memory: string;
    readonly node: string;
    readonly platform: string;
  };
  readonly results: readonly Kept[];
}

const JSON_FILE = new URL('./results.json', import.meta.url);
const TABLE_FILE = new URL('./results.md', import.meta.url);

/** Formats a result for a terminal: the ratio, its spread, the target, and the times. */
export function printed(results: readonly Result[]): string {
  return results
    .map(({ database, kind, case: { name, target, limitMs }, measured }) => {
      const { ratio, spread, ours, baseline, baselineName, processor, rounds, others } = measured;
      const wanted = target?.[kind];
      const verdict = isMissed(measured, wanted, limitMs) ? 'MISSED' : wanted === undefined ? '' : 'met';
      const more = others.map((other) => `${other.name} ${time(other.ms)}`).join(', ');
      return [
        database.padEnd(17),
        name.padEnd(26),
        `${figure(ratio).padStart(7)} ×`,
        `(${spread.map(figure).join('–')})`.padEnd(15),
        (wanted === undefined ? '' : `≤ ${wanted}`).padEnd(7),
        verdict.padEnd(7),
        `${time(ours)} against ${time(baseline)} ${baselineName}${shownProcessor(processor)}; ${rounds} rounds${more === '' ? '' : `; ${more}`}`,
      ].join(' ');
    })
    .join('\n');
}

function shownProcessor(processor: Measured['processor']): string {
  if (processor === null) return '';
  const { ours, baseline } = processor;
  return `; of processors ${figure(ours / baseline)} ×, ${time(ours)} against ${time(baseline)}`;
}

/** Replaces earlier results of the same case, database and number of rows. */
export async function save(results: readonly Result[], { rows }: BenchOptions): Promise<void> {
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const commit = currentCommit();
  const fresh = results.map(({ database, kind, case: { name, title, target, limitMs }, measured }): Kept => {
    return {
      database,
      name,
      title,
      target: target?.[kind] ?? null,
      limitMs: limitMs ?? null,
      rows,
      date,
      commit,
      load: Number((loadavg()[0] ?? 0).toFixed(1)),
      ...rounded(measured),
    };
  });
  const isReplaced = (old: Kept): boolean =>
    fresh.some((one) => one.name === old.name && one.database === old.database && one.rows === old.rows);
  const kept = [...(await earlier()).filter((old) => !isReplaced(old)), ...fresh];
  const [cpu] = cpus();
  const machine = {
    cpus: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
  await replaceFile(JSON_FILE, `${JSON.stringify({ machine, results: kept } satisfies Results, null, 2)}\n`);
  await replaceFile(TABLE_FILE, table(machine, kept));
}

/** Writes the file atomically. Half a file would be read as none, and all earlier results would be lost. */
async function replaceFile(file: URL, text: string): Promise<void> {
  const written = new URL(`${file.href}.new`);
  await writeFile(written, text);
  await rename(written, file);
}

/** Stores the plans of a database's cases. */
export async function savePlans(kind: DatabaseKind, plans: readonly string[]): Promise<void> {
  const folder = new URL('./plans/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(`${kind}.txt`, folder), plans.join('\n'));
}

async function earlier(): Promise<readonly Kept[]> {
  try {
    return (JSON.parse(await readFile(JSON_FILE, 'utf8')) as Results).results;
  } catch {
    return [];
  }
}

function table(machine: Results['machine'], results: readonly Kept[]): string {
  const dates = results.map(({ date }) => date.slice(0, 10)).sort();
  const loads = results.map(({ load }) => load).sort((a, b) => a - b);
  const sizes = [...new Set(results.map(({ rows }) => rows))].sort((a, b) => b - a);
  return `# Measured

Written by \`npm run bench -- --save\`: ${between(dates)}, ${machine.cpus}, ${machine.memory}, Node ${machine.node}, ${machine.platform}, at a load of ${between(loads)} with the benchmark's own.
A cell: ratio (what is wanted), time of ours : time of the fastest way by hand; medians of runs in turn. Bold: missed.
${sizes.map((rows) => tableOf(rows, results)).join('')}`;
}

function tableOf(size: number, all: readonly Kept[]): string {
  const results = all.filter(({ rows }) => rows === size);
  const databases = [...new Set(results.map(({ database }) => database))].sort();
  const titles = new Map(results.map(({ name, title }) => [name, title]));
  const lines = [...titles].map(([name, title]) => {
    const cells = databases.map((database) => {
      const found = results.find((one) => one.database === database && one.name === name);
      if (found === undefined) return '';
      const wanted = found.target === null ? '' : ` (≤ ${found.target})`;
      const mark = isMissed(found, found.target ?? undefined, found.limitMs ?? undefined) ? '**' : '';
      return `${mark}${figure(found.ratio)}${mark}${wanted}, ${time(found.ours)} : ${time(found.baseline)}`;
    });
    return `| ${title} | ${cells.join(' | ')} |`;
  });
  return `
## ${size.toLocaleString('en')} rows

| work | ${databases.join(' | ')} |
|---|${databases.map(() => '---|').join('')}
${lines.join('\n')}
`;
}

function between(sorted: readonly (string | number)[]): string {
  const [first, last] = [sorted[0], sorted.at(-1)].map(String);
  return first === last ? String(first) : `${String(first)} to ${String(last)}`;
}

function isMissed({ ratio, ours }: Measured, target: number | undefined, limitMs: number | undefined): boolean {
  return (target !== undefined && ratio > target) || (limitMs !== undefined && ours > limitMs);
}

function rounded(measured: Measured): Measured {
  const digits = (value: number): number => Number(value.toPrecision(4));
  const { ratio, ours, baseline, spread, processor, others } = measured;
  return {
    ...measured,
    processor: processor && { ours: digits(processor.ours), baseline: digits(processor.baseline) },
    ratio: digits(ratio),
    ours: digits(ours),
    baseline: digits(baseline),
    spread: [digits(spread[0]), digits(spread[1])],
    others: others.map(({ name, ms }) => ({ name, ms: digits(ms) })),
  };
}

function figure(ratio: number): string {
  return ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2);
}

function time(ms: number): string {
  if (ms < 1) return `${(ms * 1000).toPrecision(3)} µs`;
  return ms < 100 ? `${ms.toPrecision(3)} ms` : ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function currentCommit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
