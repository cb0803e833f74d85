import { posix } from 'node:path';
import type ts from 'typescript';
import { applyEdits, parse, type Edit } from './source-edit.js';

/**
 * The part of `Tree` of @angular-devkit/schematics that is used. The devkit belongs to the Nest CLI, and applications
 * need not install it.
 */
export interface ProjectTree {
  exists(path: string): boolean;
  read(path: string): Buffer | null;
  create(path: string, content: string): void;
  overwrite(path: string, content: string): void;
  getDir(path: string): { readonly subdirs: readonly string[]; readonly subfiles: readonly string[] };
}

const LEFT_OUT = /^(node_modules|dist|\..*)$/;
const SOURCE = /(?<!\.(d|spec|test|e2e-spec))\.ts$/;

/** The files of an application, with changes that are written together or not at all. */
export class Project {
  private readonly changed = new Map<string, string>();

  constructor(
    private readonly tree: ProjectTree,
    /** the folder of the application's code, without a slash at its ends */
    readonly sourceRoot: string,
  ) {}

  /** the number of files that differ from those of the tree */
  get changes(): number {
    return this.changed.size;
  }

  exists(file: string): boolean {
    return this.changed.has(file) || this.tree.exists(file);
  }

  /** Returns the text of a file, with its changes. A byte order mark is kept. */
  text(file: string): string {
    return this.changed.get(file) ?? this.tree.read(file)?.toString('utf8') ?? '';
  }

  source(file: string): ts.SourceFile {
    return parse(file, this.text(file));
  }

  /** Returns the files of the application's code that mention a word, without declarations and tests. */
  filesWith(word: string): string[] {
    return this.filesIn(this.sourceRoot).filter((file) => this.text(file).includes(word));
  }

  private filesIn(folder: string): string[] {
    const { subdirs, subfiles } = this.tree.getDir(folder === '' ? '/' : folder);
    return [
      ...subfiles.filter((name) => SOURCE.test(name)).map((name) => posix.join(folder, name)),
      ...subdirs.filter((name) => !LEFT_OUT.test(name)).flatMap((name) => this.filesIn(posix.join(folder, name))),
    ];
  }

  /** Edits a file. Positions are those of its text with earlier changes. */
  edit(file: string, edits: (source: ts.SourceFile) => readonly Edit[]): void {
    const text = this.text(file);
    const changed = applyEdits(text, edits(this.source(file)));
    if (changed !== text) this.changed.set(file, changed);
  }

  set(file: string, text: string): void {
    this.changed.set(file, text);
  }

  /** Returns the file that a relative import names. null: there is none. */
  resolve(from: string, specifier: string): string | null {
    const path = posix.join(posix.dirname(from), specifier);
    const candidates = [path.replace(/\.js$/, '.ts'), `${path}.ts`, posix.join(path, 'index.ts')];
    return candidates.find((file) => file.endsWith('.ts') && this.exists(file)) ?? null;
  }

  /** Writes all changes. */
  write(): void {
    for (const [file, text] of this.changed) {
      if (this.tree.exists(file)) this.tree.overwrite(file, text);
      else this.tree.create(file, text);
    }
  }
}

/** Returns the specifier of a relative import, with the ending that the importing file uses: '.js', '.ts' or none. */
export function relativeSpecifier(from: string, to: string, ending: string): string {
  const path = posix.relative(posix.dirname(from), to.replace(/\.ts$/, ''));
  return `${path.startsWith('.') ? '' : './'}${path}${ending}`;
}
