import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';

const ROOT = process.cwd();
const run = promisify(execFile);

/** What is left behind when the package is built and packed: everything but what git ignores, and large fixtures. */
const LEFT_OUT = new Set(['node_modules', '.git', 'dist', '.tsc-out', 'coverage', join('test', 'fixtures')]);

/** What an application has that follows the README, and what comes with the library; the rest is out of its reach. */
const INSTALLED = [
  ...['@nestjs', '@swc', '@types', 'better-sqlite3', 'reflect-metadata', 'rxjs', 'typeorm'],
  ...Object.keys(manifestIn(ROOT).dependencies),
];

/** What `nest new` writes. */
const COMPILER_OPTIONS = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  resolvePackageJsonExports: true,
  esModuleInterop: true,
  isolatedModules: true,
  declaration: true,
  removeComments: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  allowSyntheticDefaultImports: true,
  target: 'ES2023',
  sourceMap: true,
  outDir: './dist',
  rootDir: '.',
  skipLibCheck: true,
  strict: true,
  strictPropertyInitialization: false,
  types: ['node', 'jest'],
};

export interface Manifest {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  sideEffects: boolean;
}

/** The package as npm would publish it, unpacked. */
export interface PackedLibrary {
  readonly directory: string;
  /** the file that npm made */
  readonly tarball: string;
  /** relative, with `/` */
  readonly files: readonly string[];
  readonly manifest: Manifest;
  remove(): void;
}

/** Builds and packs a copy of the repository, so that its own `dist/` stays as it is. */
export async function packLibrary(): Promise<PackedLibrary> {
  const place = mkdtempSync(join(tmpdir(), 'trackstats-pack-'));
  const copy = join(place, 'repository');
  cpSync(ROOT, copy, { recursive: true, filter: (source) => !isLeftOut(relative(ROOT, source)) });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', place], { cwd: copy });
  const tarball = join(place, basename(stdout.trim().split('\n').at(-1) ?? ''));
  await run('tar', ['-xzf', tarball], { cwd: place });
  return {
    tarball,
    directory: join(place, 'package'),
    files: filesIn(join(place, 'package')),
    manifest: manifestIn(join(place, 'package')),
    remove: () => {
      rmSync(place, { recursive: true, force: true });
    },
  };
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort();
}

function isLeftOut(path: string): boolean {
  return (
    LEFT_OUT.has(path) || path.startsWith(join('sample-app', 'dist')) || path.startsWith(join('sample-app', 'data'))
  );
}

export interface Consumer {
  readonly directory: string;
  write(files: Readonly<Record<string, string>>): void;
  /** Compiles all of it; rejects with what the compiler says. */
  compile(): Promise<void>;
  /** Runs a file to its end, which has to come by itself; rejects where it fails. */
  run(file: string, ...args: string[]): Promise<string>;
  /** Runs its tests with Jest; rejects where one fails. */
  test(): Promise<void>;
  remove(): void;
}

/**
 * An application that has the packed library installed.
 *
 * @param besides packages that it has, too
 */
export function makeConsumer(
  library: PackedLibrary,
  type: 'module' | 'commonjs',
  besides: readonly string[],
): Consumer {
  const directory = mkdtempSync(join(tmpdir(), `trackstats-${type}-`));
  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(join(directory, dirname(file)), { recursive: true });
      writeFileSync(join(directory, file), text);
    }
  };
  write({
    'package.json': JSON.stringify({ name: 'shop', private: true, type }),
    'tsconfig.json': JSON.stringify({ compilerOptions: COMPILER_OPTIONS, exclude: ['dist', 'node_modules'] }),
  });
  for (const name of [...INSTALLED, ...besides])
    link(join(ROOT, 'node_modules', name), join(directory, 'node_modules', name));
  cpSync(library.directory, join(directory, 'node_modules', 'nestjs-trackstats'), { recursive: true });
  return {
    directory,
    write,
    compile: async () => {
      await node(directory, join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', directory);
    },
    test: async () => {
      await node(directory, join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'), '--rootDir', directory);
    },
    run: (file, ...args) => node(directory, join(directory, file), ...args),
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function link(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(from, to);
}

async function node(cwd: string, file: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' };
  try {
    const { stdout } = await run(process.execPath, [file, ...args], { cwd, env, timeout: 120_000 });
    return stdout;
  } catch (error) {
    const { stdout, stderr, killed } = error as { stdout?: string; stderr?: string; killed?: boolean };
    const end = killed === true ? 'did not end by itself' : 'failed';
    throw new Error(`${relative(cwd, file).split(sep).at(-1) ?? file} ${end}:\n${stdout ?? ''}${stderr ?? ''}`, {
      cause: error,
    });
  }
}

function manifestIn(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
}
