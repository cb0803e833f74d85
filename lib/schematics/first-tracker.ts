import ts from 'typescript';
import { posix } from 'node:path';
import { relativeSpecifier, type Project } from './project.js';
import { SchematicError } from './schematic.error.js';
import { descendants, localName, styleOf } from './source-edit.js';

/** An entity that a tracker counts. */
export interface CountedEntity {
  readonly name: string;
  readonly file: string;
  readonly isDefaultExport: boolean;
  readonly dateField: string;
}

interface FoundClass {
  readonly file: string;
  readonly declaration: ts.ClassDeclaration;
}

/**
 * Finds the entity of a class or of a file, and the property by whose date its rows are counted.
 *
 * @param given `Order`, or `src/orders/order.entity.ts`
 */
export function findEntity(project: Project, given: string, dateField: string | undefined): CountedEntity {
  const { file, declaration } = entityNamed(project, given);
  const name = declaration.name?.text ?? '';
  const modifiers = new Set(declaration.modifiers?.map(({ kind }) => kind));
  if (!modifiers.has(ts.SyntaxKind.ExportKeyword))
    throw new SchematicError(
      `The entity ${name} is not exported by ${file}.`,
      'Export it, so that a tracker can import it.',
    );
  return {
    name,
    file,
    isDefaultExport: modifiers.has(ts.SyntaxKind.DefaultKeyword),
    dateField: dateFieldOf(project, { file, declaration }, dateField),
  };
}

function entityNamed(project: Project, given: string): FoundClass {
  const entities = project.filesWith('@').flatMap((file) => entitiesIn(project, file));
  const path = [posix.normalize(given), posix.join(project.sourceRoot, given)];
  const found = entities.filter(({ file, declaration }) => declaration.name?.text === given || path.includes(file));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const names = (several: readonly FoundClass[]): string =>
    several.map(({ file, declaration }) => `${declaration.name?.text ?? 'a class'} (${file})`).join(', ');
  if (found.length > 1)
    throw new SchematicError(`"${given}" is several entities: ${names(found)}.`, 'Name the class of one, or its file.');
  throw new SchematicError(
    `"${given}" is no entity of ${project.sourceRoot}/.`,
    entities.length === 0
      ? 'No class there has @Entity of TypeORM. Leave --entity out to add no tracker.'
      : `Expected one of ${names(entities)}.`,
  );
}

function entitiesIn(project: Project, file: string): FoundClass[] {
  const source = project.source(file);
  const local = localName(source, 'Entity', 'typeorm');
  if (local === null) return [];
  return source.statements
    .filter(ts.isClassDeclaration)
    .filter((declaration) => decoratorsOf(declaration).includes(local))
    .map((declaration) => ({ file, declaration }));
}

/** Returns the names of the decorators of a class or property. */
function decoratorsOf(node: ts.HasDecorators): string[] {
  return (ts.getDecorators(node) ?? []).map(({ expression }) =>
    (ts.isCallExpression(expression) ? expression.expression : expression).getText(),
  );
}

function dateFieldOf(project: Project, entity: FoundClass, given: string | undefined): string {
  const name = entity.declaration.name?.text ?? '';
  const properties = propertiesOf(project, entity);
  const columns = properties.filter((property) => decoratorsOf(property).some((one) => one.endsWith('Column')));
  const nameOf = (property: ts.PropertyDeclaration): string => property.name.getText();
  if (given !== undefined) {
    if (columns.some((column) => nameOf(column) === given)) return given;
    throw new SchematicError(
      `--date-field is "${given}", and ${name} has no such column.`,
      `Expected one of ${columns.map(nameOf).join(', ')}.`,
    );
  }
  const created = columns.find((column) => decoratorsOf(column).includes('CreateDateColumn'));
  const dates = columns.filter((column) => column.type?.getText() === 'Date');
  const found = created ?? (dates.length === 1 ? dates[0] : undefined);
  if (found !== undefined) return nameOf(found);
  throw new SchematicError(
    dates.length === 0
      ? `${name} has no @CreateDateColumn and no column of type Date.`
      : `${name} has no @CreateDateColumn, and several columns of type Date: ${dates.map(nameOf).join(', ')}.`,
    'Name the one by whose date rows are counted: --date-field=createdAt.',
  );
}

/** Returns the properties of a class, and of the classes of the project that it extends. */
function propertiesOf(project: Project, { file, declaration }: FoundClass): ts.PropertyDeclaration[] {
  const own = declaration.members.filter(ts.isPropertyDeclaration);
  const parent = declaration.heritageClauses
    ?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
    ?.types[0]?.expression.getText();
  if (parent === undefined) return own;
  const inherited = [file, ...project.filesWith(`class ${parent}`)]
    .map((one) => ({ file: one, declaration: classNamed(project, one, parent) }))
    .find((one): one is FoundClass => one.declaration !== undefined);
  return inherited === undefined ? own : [...own, ...propertiesOf(project, inherited)];
}

function classNamed(project: Project, file: string, name: string): ts.ClassDeclaration | undefined {
  return descendants(project.source(file), ts.isClassDeclaration).find((one) => one.name?.text === name);
}

/** Returns the file of the tracker of an entity, and its class. */
export function trackerOf({ name, file }: CountedEntity): { name: string; file: string } {
  return { name: `${name}Tracker`, file: file.replace(/(\.entity)?\.ts$/, '.tracker.ts') };
}

/**
 * Writes the tracker of an entity beside it. A file that has the tracker stays as it is.
 *
 * @param ending of relative imports
 */
export function writeTracker(project: Project, entity: CountedEntity, ending: string): void {
  const { name, file } = trackerOf(entity);
  if (!project.exists(file)) {
    project.set(file, trackerText(project, entity, relativeSpecifier(file, entity.file, ending)));
    return;
  }
  if (classNamed(project, file, name) === undefined)
    throw new SchematicError(`${file} exists, and has no class ${name}.`, 'Write the tracker of the entity by hand.');
}

function trackerText(
  project: Project,
  { name, file, isDefaultExport, dateField }: CountedEntity,
  from: string,
): string {
  const { quote, semicolon, newline, indent } = styleOf(project.source(file));
  const metric = words(name);
  const constant = `${metric.join('_').toUpperCase()}_COUNT`;
  const label = metric.join(' ');
  const lines = [
    `import { CountObjectsByDateTracker, defineDomain, defineMetric, Period, Track } from 'nestjs-trackstats';`,
    `import ${isDefaultExport ? name : `{ ${name} }`} from '${from}';`,
    '',
    `export const APPLICATION = defineDomain({ ref: 'application', name: 'Application' });`,
    `export const ${constant} = defineMetric({`,
    `\tdomain: APPLICATION,`,
    `\tref: '${metric.join('_')}_count',`,
    `\tname: '${label.charAt(0).toUpperCase()}${label.slice(1)} count',`,
    `});`,
    '',
    '@Track({',
    `\tmetric: ${constant},`,
    `\tsource: ${name},`,
    `\tdateField: '${dateField}',`,
    '\tperiod: [Period.DAY, Period.LIFETIME],',
    `\tevery: '1 hour',`,
    '\trunOnStart: true,',
    '})',
    `export class ${name}Tracker extends CountObjectsByDateTracker {}`,
    '',
  ];
  return lines.map((line) => line.replace('\t', indent).replaceAll(`'`, quote).replace(/;$/, semicolon)).join(newline);
}

/** Splits the name of a class: `OrderLine` is order, line. */
function words(name: string): string[] {
  return (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+/g) ?? [name]).map((word) => word.toLowerCase());
}
