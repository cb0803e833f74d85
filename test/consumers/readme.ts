import { readFileSync } from 'node:fs';
import { isCall, snippetsOf, type Guide } from './snippets.js';

/** What the README shows, by how it is meant to be used. */
export interface Readme extends Guide {
  /** `src/app.module.ts` of the first result, with the chart put into its controller */
  readonly application: string;
  /** a test of that application, beside it, as an ESM one and as a CommonJS one has it */
  readonly test: Readonly<Record<'module' | 'commonjs', string>>;
}

const CHART = /^ {2}@Get\('chart'\)/;

/** Reads the README of the repository. */
export function readReadme(): Readme {
  const [application, chart, ...rest] = snippetsOf(readFileSync('README.md', 'utf8'));
  const test = rest.find(({ code }) => code.includes(`from './app.module.js'`));
  if (application === undefined || chart === undefined || !CHART.test(chart.code) || test === undefined) {
    throw new Error(
      'Expected the first two snippets of the README to be an application and its chart, and a test of it.',
    );
  }
  const others = rest.filter((snippet) => snippet !== test);
  return {
    name: 'README',
    application: withChart(application.code, chart.code),
    test: { module: test.code, commonjs: test.code.replace(`'./app.module.js'`, `'./app.module'`) },
    declarations: others.filter((snippet) => !isCall(snippet)),
    calls: others.filter(isCall),
  };
}

/** The configuration with which Jest runs the test in a CommonJS application. */
export function readJestConfig(): string {
  const text = readFileSync('docs/esm-and-commonjs.md', 'utf8');
  const config = /^```js\n(module\.exports = .*?)^```$/ms.exec(text)?.[1];
  if (config === undefined) throw new Error('Expected docs/esm-and-commonjs.md to show a configuration of Jest.');
  return config;
}

/** As the README says: the method into the controller, `Header` into the import. */
function withChart(application: string, chart: string): string {
  const endOfController = application.indexOf('\n}\n', application.indexOf('class OrderController'));
  return `${application.slice(0, endOfController)}\n\n${chart.trimEnd()}${application.slice(endOfController)}`.replace(
    /^import \{ (.*) \} from '@nestjs\/common';/m,
    `import { $1, Header } from '@nestjs/common';`,
  );
}
