import { readFileSync } from 'node:fs';
import { snippetsOf } from './snippets.js';

/** The README's application, and its test as an ESM and as a CommonJS application has it. */
export interface Readme {
  /** `src/app.module.ts` of the first result */
  readonly application: string;
  readonly test: Readonly<Record<'module' | 'commonjs', string>>;
}

/** Reads the README of the repository. */
export function readReadme(): Readme {
  const [application, test, ...rest] = snippetsOf(readFileSync('README.md', 'utf8'));
  if (application === undefined || test === undefined || rest.length > 0) {
    throw new Error('Expected the README to have two snippets: an application, and a test of it.');
  }
  return {
    application: application.code,
    test: { module: test.code, commonjs: test.code.replace(`'./app.module.js'`, `'./app.module'`) },
  };
}

/** The configuration with which Jest runs the test in a CommonJS application. */
export function readJestConfig(): string {
  const text = readFileSync('docs/esm-and-commonjs.md', 'utf8');
  const config = /^```js\n(module\.exports = .*?)^```$/ms.exec(text)?.[1];
  if (config === undefined) throw new Error('Expected docs/esm-and-commonjs.md to show a configuration of Jest.');
  return config;
}

/** The configuration of a bundler, as docs/bundling.md shows it. */
export function readBundlerConfig(file: string): string {
  const snippets = [...readFileSync('docs/bundling.md', 'utf8').matchAll(/^```js\n(.*?)^```$/gms)];
  const config = snippets.map(([, code = '']) => code).find((code) => code.startsWith(`// ${file}`));
  if (config === undefined) throw new Error(`Expected docs/bundling.md to show ${file}.`);
  return config;
}
