import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import type { PackedLibrary } from './packed.js';

/**
 * Findings of are-the-types-wrong that are meant to be. `CJSResolvesToESM`: the package is ESM alone, which CommonJS
 * applications require on every version of Node that it supports (another test does so).
 */
const ACCEPTED = new Set(['CJSResolvesToESM']);

/** What publint and are-the-types-wrong find in the package, as text. */
export async function packageProblems({ directory, tarball }: PackedLibrary): Promise<string[]> {
  const manifest = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8')) as Record<string, unknown>;
  const { messages } = await publint({ pkgDir: directory, pack: false, strict: true });
  const types = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  const problems = types.types === false ? [{ kind: 'Untyped' }] : types.problems;
  return [
    ...messages.map((message) => formatMessage(message, manifest) ?? message.code),
    ...problems.filter(({ kind }) => !ACCEPTED.has(kind)).map((problem) => JSON.stringify(problem)),
  ];
}
