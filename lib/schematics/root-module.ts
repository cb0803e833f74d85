import ts from 'typescript';
import { posix } from 'node:path';
import type { Project } from './project.js';
import { SchematicError } from './schematic.error.js';
import { append, descendants, localName, propertyValue, specifierOf, type Edit } from './source-edit.js';

/** Finds the file of the root module: the given one, or the one that main.ts passes to NestFactory. */
export function findRootModule(project: Project, given: string | undefined): string {
  if (given !== undefined) {
    const file = [posix.normalize(given), posix.join(project.sourceRoot, given)].find((path) => project.exists(path));
    if (file !== undefined) return file;
    throw new SchematicError(
      `There is no file "${given}".`,
      'Pass the file of the root module: --module=src/app.module.ts.',
    );
  }
  const main = posix.join(project.sourceRoot, 'main.ts');
  const file =
    (project.exists(main) ? startedModule(project, main) : null) ?? posix.join(project.sourceRoot, 'app.module.ts');
  if (project.exists(file)) return file;
  throw new SchematicError(
    `The root module was not found: ${main} starts none of a file of the project, and there is no ${file}.`,
    'Name its file: --module=src/app.module.ts.',
  );
}

function startedModule(project: Project, main: string): string | null {
  const source = project.source(main);
  const factory = localName(source, 'NestFactory', '@nestjs/core');
  const started = descendants(source, ts.isCallExpression)
    .filter(
      ({ expression }) =>
        ts.isPropertyAccessExpression(expression) && expression.expression.getText(source) === factory,
    )
    .map(({ arguments: [module] }) => module?.getText(source));
  const imports = source.statements.filter(ts.isImportDeclaration);
  const declaration = imports.find(({ importClause }) => {
    const bindings = importClause?.namedBindings;
    const names =
      bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name.text) : [];
    return [importClause?.name?.text, ...names].some((name) => name !== undefined && started.includes(name));
  });
  return declaration === undefined ? null : project.resolve(main, specifierOf(declaration));
}

/** Returns the ending of relative imports in a file: '.js', '.ts' or none. A file without such is written as package.json says. */
export function importEnding(project: Project, file: string): string {
  const relative = [file, posix.join(project.sourceRoot, 'main.ts')]
    .filter((one) => project.exists(one))
    .flatMap((one) => project.source(one).statements.filter(ts.isImportDeclaration).map(specifierOf))
    .find((specifier) => specifier.startsWith('.'));
  if (relative !== undefined) return /\.[jt]s$/.exec(relative)?.[0] ?? '';
  const { type } = JSON.parse(project.text('package.json') || '{}') as { type?: string };
  return type === 'module' ? '.js' : '';
}

/** Adds to `imports` or `providers` of the module in a file. */
export function addToModule(
  source: ts.SourceFile,
  list: 'imports' | 'providers',
  additions: readonly string[],
): Edit[] {
  if (additions.length === 0) return [];
  const options = moduleOptions(source);
  const value = propertyValue(options, list);
  if (value === undefined) return append(source, options, [`${list}: [${additions.join(', ')}]`]);
  if (value !== null && ts.isArrayLiteralExpression(value)) return append(source, value, additions);
  throw new SchematicError(
    `"${list}" of the module in ${source.fileName} is no array in the decorator.`,
    `Add ${additions.join(', ')} to it by hand.`,
  );
}

/** True if `providers` in a file names a class. */
export function isProvided(source: ts.SourceFile, name: string): boolean {
  return descendants(source, ts.isPropertyAssignment)
    .filter((property) => property.name.getText(source) === 'providers')
    .some(({ initializer }) => descendants(initializer, ts.isIdentifier).some(({ text }) => text === name));
}

function moduleOptions(source: ts.SourceFile): ts.ObjectLiteralExpression {
  const name = localName(source, 'Module', '@nestjs/common');
  const found = descendants(source, ts.isDecorator).flatMap(({ expression }) =>
    ts.isCallExpression(expression) && expression.expression.getText(source) === name ? [expression.arguments[0]] : [],
  );
  const [options] = found;
  if (found.length === 1 && options !== undefined && ts.isObjectLiteralExpression(options)) return options;
  throw new SchematicError(
    `${source.fileName} has ${found.length} classes with @Module({ … }).`,
    'Expected one. Name the file of the root module: --module=src/app.module.ts.',
  );
}
