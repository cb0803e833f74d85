import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { tell } from './figures.js';
import { type Mutant, mutantsOf } from './mutation.js';

const ROOT = process.cwd();
const MUTANTS = Number(process.env.SOAK_MUTANTS ?? 60);
const SEED = Number(process.env.SOAK_SEED ?? 1);
/** A mutant that never ends is found too. */
const LONGEST = 180_000;
const COPIED = ['lib', 'test', 'build', 'package.json', 'tsconfig.json', 'jest.config.js', '.swcrc', '.npmrc'];

/**
 * The folders that are changed, and the specs that should notice, the fastest first. Snapshots of statements are left out:
 * they notice every change, right or wrong.
 */
const TRIED: Readonly<Record<string, (file: string) => readonly (readonly string[])[]>> = {
  'lib/time': (file) => [
    [`test/time/${file}.spec`],
    ['test/statistics/calendar-edges', 'test/rollup/borders', 'test/rollup/to-date'],
    ['test/time/', 'test/properties/rollup'],
  ],
  'lib/rollup': () => [
    ['test/rollup/values'],
    ['test/rollup/(borders|source|keys|to-date|buckets)'],
    [
      'test/properties/(rollup|backfill|live|schemas)',
      'test/rollup/(golden|date-columns|limits|unproven|key-|deleted)',
    ],
  ],
};

/** A number from a seed and a place, the same in each run. */
function hash(seed: number, place: number): number {
  let value = Math.imul(seed + 0x9e3779b9, place + 1) ^ (place << 7);
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  value = Math.imul(value ^ (value >>> 13), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}

function allMutants(folder: string): Mutant[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const file = `${folder}/${name}`;
    return mutantsOf(file, readFileSync(join(ROOT, file), 'utf8'));
  });
}

describe('mistakes in the code', () => {
  mkdirSync(join(ROOT, '.tsc-out'), { recursive: true });
  const copy = mkdtempSync(join(ROOT, '.tsc-out', 'mutation-'));

  beforeAll(() => {
    for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  });
  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  /** Returns the number of the group of specs that noticed, or null. */
  function noticedBy(mutant: Mutant, groups: readonly (readonly string[])[]): number | null {
    const path = join(copy, mutant.file);
    const original = readFileSync(path, 'utf8');
    writeFileSync(path, mutant.text);
    try {
      for (const [place, specs] of groups.entries()) {
        const args = [
          'node_modules/jest/bin/jest.js',
          '-i',
          '--bail',
          '--silent',
          '--ci',
          '--forceExit',
          '--passWithNoTests',
          ...specs,
        ];
        const env = {
          ...process.env,
          NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
          TRACKSTATS_TEST_DATABASES: 'sqlite',
          TRACKSTATS_PROPERTY_RUNS: '10',
          TRACKSTATS_TEST_CHROMIUM: 'none',
        };
        const { status } = spawnSync(process.execPath, args, {
          cwd: copy,
          env,
          stdio: 'ignore',
          timeout: LONGEST,
          killSignal: 'SIGKILL',
        });
        if (status !== 0) return place;
      }
      return null;
    } finally {
      writeFileSync(path, original);
    }
  }

  it.each(Object.keys(TRIED))('in %s are noticed', (folder) => {
    const all = allMutants(folder);
    const some = all
      .map((mutant, place) => ({ mutant, order: hash(SEED, place) }))
      .sort((one, other) => one.order - other.order)
      .slice(0, Math.ceil(MUTANTS / Object.keys(TRIED).length))
      .map(({ mutant }) => mutant);
    const survivors: Mutant[] = [];
    for (const mutant of some) {
      const name = basename(mutant.file, '.ts');
      const found = noticedBy(mutant, TRIED[folder]?.(name) ?? []);
      if (found === null) survivors.push(mutant);
      const { file, line, before, after } = mutant;
      tell(found === null ? 'survived' : `noticed by ${String(found)}`, {
        at: `${file}:${String(line)}`,
        before,
        after,
      });
    }
    tell(folder, { mutants: all.length, tried: some.length, noticed: some.length - survivors.length });
    // some changes change nothing, such as a bound that is never reached
    expect(survivors.length).toBeLessThanOrEqual(some.length * 0.2);
  });
});
