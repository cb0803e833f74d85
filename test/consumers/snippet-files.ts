import { readFileSync } from 'node:fs';
import * as common from '@nestjs/common';
import * as schedule from '@nestjs/schedule';
import * as testing from '@nestjs/testing';
import * as nestTypeorm from '@nestjs/typeorm';
import * as trackstats from 'nestjs-trackstats';
import * as typeorm from 'typeorm';
import { WORLD, type Guide, type Snippet } from './snippets.js';

/** The snippets as files of an application, and how they are used. */
export interface SnippetFiles {
  readonly files: Record<string, string>;
  /** the modules of what the application consists of */
  readonly declarations: string[];
  /** the modules that make calls, to be loaded one after the other */
  readonly calls: string[];
}

/** A statement, and the value that the document says it has. */
const RESULT = /^(?!const |import |export |\/\/)(\S.*); \/\/ ([[{'].*|-?\d[\d.]*|null|true|false)$/gm;

/** What a reader's application has: documents use it and do not show it. */
const READERS = readFileSync('test/consumers/fixtures/reader.ts', 'utf8').match(
  /(?<=^export (?:declare )?(?:abstract )?(?:class|const) )\w+/gm,
);

const TYPES = [...readFileSync('lib/index.ts', 'utf8').matchAll(/export type \{([^}]*)\}/g)].flatMap(
  ([, names = '']) => names.replaceAll(/\w+ as /g, '').match(/\w+/g) ?? [],
);

/**
 * The files of the snippets, each a module that imports what it does not declare: from the snippets before it in its
 * document, from the tour, from the packages. Values that a document names are compared. A guide without calls is
 * compiled, and takes no part in the application.
 *
 * @param others names that pages use without importing them, with their modules
 */
export function snippetFiles(
  tour: Guide,
  guides: readonly Guide[],
  others: ReadonlyMap<string, string> = new Map(),
): SnippetFiles {
  const result: SnippetFiles = { files: {}, declarations: [], calls: [] };
  const shared = new Map([...others, ...packages()]);
  add(tour, shared, result);
  for (const guide of guides) add(guide, new Map(shared), result);
  return result;
}

function add({ name, declarations, calls }: Guide, known: Map<string, string>, result: SnippetFiles): void {
  const write = (snippet: Snippet): string => {
    const file = `${name}-line-${String(snippet.line).padStart(4, '0')}`;
    result.files[`snippets/${file}.ts`] = moduleOf(snippet, known);
    for (const [exported] of snippet.code.matchAll(/(?<=^export (?:abstract )?(?:class|const) )\w+/gm))
      known.set(exported, `./${file}.js`);
    return `./${file}.js`;
  };
  const declared = declarations.map(write);
  if (calls.length > 0) result.declarations.push(...declared);
  for (const world of [...WORLD, 'is']) known.set(world, './world.js');
  result.calls.push(...calls.map(write));
  for (const world of [...WORLD, 'is']) known.delete(world);
}

function moduleOf(snippet: Snippet, known: Map<string, string>): string {
  // what a document imports from a file of the reader's, the tour has declared
  const code = snippet.code
    .replace(/^import .* from '\.\/.*$/gm, '')
    .replace(RESULT, (_, statement: string, value: string) => `is(${statement}, ${value});`);
  const own = new Set(
    [...code.matchAll(/^(?:export )?(?:abstract )?(?:class|const|function) (\w+)/gm)].map(([, found]) => found!),
  );
  for (const [, names = '', from = ''] of code.matchAll(/^import (?:type )?\{ (.*) \} from '(.*)';/gm)) {
    for (const name of names.split(', ')) {
      own.add(name);
      known.set(name, from);
    }
  }
  const imports = [...new Set(code.match(/(?<![^.]\.|[\w'])[A-Za-z]\w*\b/g) ?? [])]
    .filter((word) => !own.has(word))
    .flatMap((word) => {
      if (TYPES.includes(word)) return `import type { ${word} } from 'nestjs-trackstats';`;
      const module = known.get(word);
      return module === undefined ? [] : `import { ${word} } from '${module}';`;
    });
  return [...imports, '', code, 'export {};', ''].join('\n');
}

function packages(): Map<string, string> {
  const known = new Map<string, string>();
  const put = (module: string, names: Iterable<string>): void => {
    for (const name of names) if (name !== 'default') known.set(name, module);
  };
  put('typeorm', Object.keys(typeorm));
  put('@nestjs/common', Object.keys(common));
  put('@nestjs/typeorm', Object.keys(nestTypeorm));
  put('@nestjs/schedule', Object.keys(schedule));
  put('@nestjs/testing', Object.keys(testing));
  put('nestjs-trackstats', Object.keys(trackstats));
  put('node:fs', ['createReadStream', 'createWriteStream']);
  put('node:stream/promises', ['pipeline']);
  put('./config.js', ['ConfigModule', 'ConfigService']);
  put('./reader.js', READERS ?? []);
  return known;
}
