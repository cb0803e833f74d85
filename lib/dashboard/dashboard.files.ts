import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { MissingDashboardPageError } from './dashboard.error.js';

/** One file of the page, ready to be sent. */
export interface DashboardFile {
  readonly type: string;
  readonly content: Buffer;
  readonly gzipped: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

/**
 * The page's script and styles, read once. All of them are served under one hash, so that they are of one build, and a
 * browser may keep each of them for ever.
 */
export class DashboardFiles {
  /** changes where any file does */
  readonly hash: string;
  private readonly files: ReadonlyMap<string, DashboardFile>;

  /** @throws MissingDashboardPageError where the folder holds no page */
  constructor(folder = folderBesideModule()) {
    this.files = new Map(namesIn(folder).map((name) => [name, fileAt(folder, name)]));
    if (!this.files.has('app.js')) throw new MissingDashboardPageError(folder);
    const hash = createHash('sha256');
    for (const [name, { content }] of this.files) hash.update(`${name}\0${content.length}\0`).update(content);
    this.hash = hash.digest('hex').slice(0, 16);
  }

  /** A file by its name, which may be anything that a request holds: a path finds nothing. */
  find(name: string): DashboardFile | null {
    return this.files.get(name) ?? null;
  }
}

/**
 * Where the build puts the page. Worked out when it is used, and not by `new URL('./page', import.meta.url)`, which
 * bundlers take for an asset: in a bundle the module has no place, and the option `pageFolder` names the folder.
 */
function folderBesideModule(): string {
  const url = import.meta.url as string | undefined;
  return url === undefined ? 'dist/dashboard/page' : join(dirname(fileURLToPath(url)), 'page');
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => extname(name) in TYPES)
      .sort();
  } catch (error) {
    throw new MissingDashboardPageError(folder, { cause: error });
  }
}

function fileAt(folder: string, name: string): DashboardFile {
  const content = readFileSync(join(folder, name));
  return { type: TYPES[extname(name)] ?? 'application/octet-stream', content, gzipped: gzipSync(content) };
}
