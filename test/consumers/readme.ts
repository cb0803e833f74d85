import { readFileSync } from 'node:fs';
import * as common from '@nestjs/common';
import * as schedule from '@nestjs/schedule';
import * as nestTypeorm from '@nestjs/typeorm';
import * as trackstats from 'nestjs-trackstats';
import * as typeorm from 'typeorm';

/** A piece of TypeScript of the README. */
export interface Snippet {
  /** the line of the README on which it begins */
  readonly line: number;
  readonly code: string;
}

/** What the README shows, by how it is meant to be used. */
export interface Readme {
  /** `src/app.module.ts` of the first result, with the chart put into its controller */
  readonly application: string;
  /** a test of that application, beside it, as an ESM one and as a CommonJS one has it */
  readonly test: Readonly<Record<'module' | 'commonjs', string>>;
  /** the configuration with which Jest runs the test in a CommonJS application */
  readonly jestConfig: string;
  /** metrics, entities, trackers: what an application declares */
  readonly declarations: readonly Snippet[];
  /** calls of the services, some with the value that they give: `await …; // 3` */
  readonly calls: readonly Snippet[];
}

const CHART = /^ {2}@Get\('chart'\)/;
const CALL = /^(?:const .+ = )?\(?await /m;
/** A statement, and the value that the README says it has. */
const RESULT = /^(?!const |import |export |\/\/)(\S.*); \/\/ ([[{'\d-].*|null|true|false)$/gm;

/** Reads the README of the repository. */
export function readReadme(): Readme {
  const text = readFileSync('README.md', 'utf8');
  const [application, chart, ...rest] = snippetsOf(text);
  const test = rest.find(({ code }) => code.includes(`from './app.module.js'`));
  const jestConfig = /^```js\n(module\.exports = .*?)^```$/ms.exec(text)?.[1];
  if (application === undefined || chart === undefined || !CHART.test(chart.code) || test === undefined) {
    throw new Error(
      'Expected the first two snippets of the README to be an application and its chart, and a test of it.',
    );
  }
  if (jestConfig === undefined) throw new Error('Expected the README to show a configuration of Jest.');
  const others = rest.filter((snippet) => snippet !== test);
  return {
    application: withChart(application.code, chart.code),
    test: { module: test.code, commonjs: test.code.replace(`'./app.module.js'`, `'./app.module'`) },
    jestConfig,
    declarations: others.filter(({ code }) => !CALL.test(code)),
    calls: others.filter(({ code }) => CALL.test(code)),
  };
}

function snippetsOf(text: string): Snippet[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ 1: code = '', index }) => ({
    line: text.slice(0, index).split('\n').length + 1,
    code,
  }));
}

/** As the README says: the method into the controller, `Header` into the import. */
function withChart(application: string, chart: string): string {
  const endOfController = application.indexOf('\n}\n', application.indexOf('class OrderController'));
  return `${application.slice(0, endOfController)}\n\n${chart.trimEnd()}${application.slice(endOfController)}`.replace(
    /^import \{ (.*) \} from '@nestjs\/common';/m,
    `import { $1, Header } from '@nestjs/common';`,
  );
}

/**
 * The files of the snippets, each a module that imports what it does not declare: from the snippets before it, from
 * `world`, from the packages. Values that the README names are compared.
 *
 * @param world the names that `world.ts` exports
 */
export function filesOf(
  { declarations, calls }: Readme,
  world: readonly string[],
): { declarations: string[]; calls: string[]; files: Record<string, string> } {
  const known = new Map<string, string>();
  const add = (module: string, names: Iterable<string>): void => {
    for (const name of names) if (name !== 'default') known.set(name, module);
  };
  add('typeorm', Object.keys(typeorm));
  add('@nestjs/common', Object.keys(common));
  add('@nestjs/typeorm', Object.keys(nestTypeorm));
  add('@nestjs/schedule', Object.keys(schedule));
  add('nestjs-trackstats', Object.keys(trackstats));
  add('./config.js', ['ConfigModule', 'ConfigService']);
  const types = typesOfLibrary();
  const files: Record<string, string> = {};
  const write = (snippet: Snippet, others: readonly string[]): string => {
    const { line } = snippet;
    const code = compared(snippet.code);
    const name = `line-${String(line).padStart(4, '0')}`;
    const own = new Set([...code.matchAll(/^(?:export )?(?:class|const|function) (\w+)/gm)].map(([, found]) => found!));
    const used = new Set(code.match(/\b[A-Za-z]\w*\b/g) ?? []);
    const imports = [...used]
      .filter((word) => !own.has(word))
      .flatMap((word) => {
        if (others.includes(word)) return `import { ${word} } from './world.js';`;
        if (types.includes(word)) return `import type { ${word} } from 'nestjs-trackstats';`;
        const module = known.get(word);
        return module === undefined ? [] : `import { ${word} } from '${module}';`;
      });
    files[`snippets/${name}.ts`] = [...imports, '', code, 'export {};', ''].join('\n');
    add(`./${name}.js`, code.match(/(?<=^export (?:class|const) )\w+/gm) ?? []);
    return `./${name}.js`;
  };
  return {
    declarations: declarations.map((snippet) => write(snippet, [])),
    calls: calls.map((snippet) => write(snippet, [...world, 'is'])),
    files,
  };
}

function compared(code: string): string {
  return code.replace(RESULT, (_, statement: string, value: string) => `is(${statement}, ${value});`);
}

function typesOfLibrary(): string[] {
  const index = readFileSync('lib/index.ts', 'utf8');
  return [...index.matchAll(/export type \{([^}]*)\}/g)].flatMap(([, names = '']) => names.match(/\w+/g) ?? []);
}
