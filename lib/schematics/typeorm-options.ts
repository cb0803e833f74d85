import ts from 'typescript';
import type { Project } from './project.js';
import { SchematicError } from './schematic.error.js';
import { addImport, append, descendants, localName, propertyValue, type Edit } from './source-edit.js';

const LIBRARY = 'nestjs-trackstats';
const ENTITIES = 'TRACKSTATS_ENTITIES';
const MIGRATIONS = 'trackstatsMigrations';

/** Tells what to do where the options are not edited. */
const BY_HAND = `Add the library's entities and tables to the options of TypeORM by hand:

  import { ${ENTITIES}, ${MIGRATIONS} } from '${LIBRARY}';

  entities: [...${ENTITIES}, /* yours */],        // not with autoLoadEntities: true
  migrations: [...${MIGRATIONS}, /* yours */],  // neither these nor the next one with synchronize: true
  migrationsRun: true,

Then run this again for the rest: nest add ${LIBRARY} --skip-install --skip-typeorm`;

/** Returns the files in which `forRoot` or `forRootAsync` of a module is called. */
export function filesWithRoot(project: Project, name: string, from: string): string[] {
  return project.filesWith(name).filter((file) => rootCalls(project.source(file), name, from).length > 0);
}

function rootCalls(source: ts.SourceFile, name: string, from: string): ts.CallExpression[] {
  const local = localName(source, name, from);
  if (local === null) return [];
  return descendants(source, ts.isCallExpression).filter(({ expression }) =>
    [`${local}.forRoot`, `${local}.forRootAsync`].includes(expression.getText(source)),
  );
}

/**
 * Adds the library's entities and tables to the options of the default data source: nothing where `autoLoadEntities` and
 * `synchronize` do that, otherwise its entities and migrations.
 */
export function addToTypeOrm(project: Project): void {
  const { file, object } = defaultOptions(project);
  project.edit(file, (source) => tableEdits(source, object(source)));
  for (const name of [ENTITIES, MIGRATIONS].filter((name) => project.text(file).includes(`...${name}`)))
    project.edit(file, (source) => addImport(source, name, LIBRARY));
}

interface OptionsPlace {
  readonly file: string;
  readonly object: (source: ts.SourceFile) => ts.ObjectLiteralExpression;
}

function defaultOptions(project: Project): OptionsPlace {
  const places = filesWithRoot(project, 'TypeOrmModule', '@nestjs/typeorm').flatMap((file) =>
    defaultCalls(project.source(file)).map((call) => ({ file, at: call.getStart() })),
  );
  const [place] = places;
  if (place === undefined)
    throw new SchematicError(
      `There is no TypeOrmModule.forRoot in ${project.sourceRoot}/.`,
      'Statistics are stored in the database of the application. Set up TypeORM first (https://docs.nestjs.com/techniques/database), ' +
        'then run this again: nest add nestjs-trackstats --skip-install',
    );
  if (places.length > 1)
    throw new SchematicError(
      `TypeOrmModule.forRoot is called in several places: ${places.map(({ file }) => file).join(', ')}.`,
      BY_HAND,
    );
  const object = (source: ts.SourceFile): ts.ObjectLiteralExpression => {
    const call = defaultCalls(source).find((one) => one.getStart() === place.at);
    const found = call === undefined ? null : optionsOf(source, call);
    if (found !== null) return found;
    throw new SchematicError(`The options of TypeOrmModule are no object in ${place.file}.`, BY_HAND);
  };
  return { file: place.file, object };
}

/** Returns the calls for the data source without a name. */
function defaultCalls(source: ts.SourceFile): ts.CallExpression[] {
  return rootCalls(source, 'TypeOrmModule', '@nestjs/typeorm').filter(({ arguments: [given] }) => {
    const options = given === undefined ? null : objectOf(source, given);
    const name = options === null ? undefined : propertyValue(options, 'name');
    return name === undefined || name?.getText(source).slice(1, -1) === 'default';
  });
}

function optionsOf(source: ts.SourceFile, call: ts.CallExpression): ts.ObjectLiteralExpression | null {
  const given = call.arguments[0] === undefined ? null : objectOf(source, call.arguments[0]);
  if (given === null || call.expression.getText(source).endsWith('.forRoot')) return given;
  const factory = given.properties.find((one) => one.name?.getText(source) === 'useFactory');
  if (factory === undefined) return null;
  const made = ts.isPropertyAssignment(factory) ? factory.initializer : factory;
  return ts.isArrowFunction(made) || ts.isFunctionExpression(made) || ts.isMethodDeclaration(made)
    ? returnedObject(source, made)
    : null;
}

function returnedObject(
  source: ts.SourceFile,
  { body }: ts.ArrowFunction | ts.FunctionExpression | ts.MethodDeclaration,
): ts.ObjectLiteralExpression | null {
  if (body === undefined) return null;
  if (!ts.isBlock(body)) return objectOf(source, body);
  const [only, ...others] = descendants(body, ts.isReturnStatement);
  return only?.expression === undefined || others.length > 0 ? null : objectOf(source, only.expression);
}

/** Returns the object literal that an expression is, or that a constant of the same file is. */
function objectOf(source: ts.SourceFile, expression: ts.Expression): ts.ObjectLiteralExpression | null {
  if (ts.isObjectLiteralExpression(expression)) return expression;
  if (ts.isParenthesizedExpression(expression) || ts.isAsExpression(expression) || ts.isSatisfiesExpression(expression))
    return objectOf(source, expression.expression);
  if (!ts.isIdentifier(expression)) return null;
  const [declared, ...others] = descendants(source, ts.isVariableDeclaration).filter(
    ({ name }) => name.getText(source) === expression.text,
  );
  return declared?.initializer === undefined || others.length > 0 || declared.initializer === expression
    ? null
    : objectOf(source, declared.initializer);
}

function tableEdits(source: ts.SourceFile, options: ts.ObjectLiteralExpression): Edit[] {
  const additions: string[] = [];
  const edits: Edit[] = [];
  const isTrue = (name: string): boolean => propertyValue(options, name)?.kind === ts.SyntaxKind.TrueKeyword;
  const spread = (list: string, name: string, otherwise: readonly string[]): void => {
    const value = propertyValue(options, list);
    if (value === undefined && !options.properties.some(ts.isSpreadAssignment)) additions.push(...otherwise);
    else if (value === undefined || value === null || !ts.isArrayLiteralExpression(value)) {
      if (value?.getText(source) === name) return;
      throw new SchematicError(`The options of TypeORM in ${source.fileName} take "${list}" from elsewhere.`, BY_HAND);
    } else if (!value.getText(source).includes(`...${name}`)) edits.push(...append(source, value, [`...${name}`]));
  };
  if (!isTrue('autoLoadEntities')) {
    const isSaid = propertyValue(options, 'autoLoadEntities') !== undefined;
    spread('entities', ENTITIES, isSaid ? [`entities: [...${ENTITIES}]`] : ['autoLoadEntities: true']);
  }
  if (!isTrue('synchronize')) {
    const isRun = propertyValue(options, 'migrationsRun') !== undefined;
    spread('migrations', MIGRATIONS, [`migrations: [...${MIGRATIONS}]`, ...(isRun ? [] : ['migrationsRun: true'])]);
  }
  return [...edits, ...append(source, options, additions)];
}
