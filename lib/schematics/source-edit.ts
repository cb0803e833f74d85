import ts from 'typescript';

/** Replaces `length` characters of a text. Edits leave the rest of it as the user wrote it. */
export interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

/** How a file is written, so that additions look like it. */
export interface Style {
  readonly quote: string;
  /** ';' or nothing */
  readonly semicolon: string;
  readonly newline: string;
  readonly indent: string;
}

/** Applies edits that do not overlap. Of several at one place the first one comes first. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  return edits
    .map((edit, index) => ({ ...edit, index }))
    .sort((a, b) => b.at - a.at || b.index - a.index)
    .reduce((changed, { at, length, text }) => changed.slice(0, at) + text + changed.slice(at + length), text);
}

/** Parses a file. Its nodes know their parents. */
export function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}

export function styleOf(source: ts.SourceFile): Style {
  const first = source.statements.find(ts.isImportDeclaration);
  return {
    quote: first?.moduleSpecifier.getText(source).charAt(0) ?? `'`,
    semicolon: first !== undefined && !first.getText(source).endsWith(';') ? '' : ';',
    newline: source.text.includes('\r\n') ? '\r\n' : '\n',
    // not the star of a comment
    indent: /^([ \t]+)[^\s*]/m.exec(source.text)?.[1] ?? '  ',
  };
}

/** A list in brackets: an array, an object or the names of an import. */
export type List = ts.ArrayLiteralExpression | ts.ObjectLiteralExpression | ts.NamedImports;

/**
 * Adds to the end of a list: on lines of their own where its elements have such, otherwise on the line. A trailing comma
 * and comments stay where they are.
 */
export function append(source: ts.SourceFile, list: List, additions: readonly string[]): Edit[] {
  if (additions.length === 0) return [];
  const { newline } = styleOf(source);
  const elements: ts.NodeArray<ts.Node> = ts.isObjectLiteralExpression(list) ? list.properties : list.elements;
  const last = elements.at(-1);
  if (last === undefined) return fillEmpty(source, list, additions);
  const isOnLines = lineOf(source, last.getStart(source)) > lineOf(source, list.getStart(source));
  const separator = isOnLines ? newline + indentAt(source, last.getStart(source)) : ' ';
  if (!isOnLines) return [insert(last.getEnd(), additions.map((text) => `,${separator}${text}`).join(''))];
  const end = elements.hasTrailingComma ? elements.end : last.getEnd();
  const place = ts.getTrailingCommentRanges(source.text, end)?.at(-1)?.end ?? end;
  const added = additions.map((text) => separator + text).join(',');
  return elements.hasTrailingComma ? [insert(place, `${added},`)] : [insert(last.getEnd(), ','), insert(place, added)];
}

/** Fills an empty list: one short addition on the line, several on lines of their own. Comments in it stay. */
function fillEmpty(source: ts.SourceFile, list: List, additions: readonly string[]): Edit[] {
  const { newline, indent } = styleOf(source);
  const from = list.getStart(source) + 1;
  const inner = source.text.slice(from, list.getEnd() - 1);
  const kept = inner.trimEnd();
  const only = additions.length === 1 && kept === '' ? (additions[0] ?? '') : '';
  if (only !== '' && only.length < 80) {
    const text = ts.isArrayLiteralExpression(list) ? only : ` ${only} `;
    return [{ at: from, length: inner.length, text }];
  }
  const base = indentAt(source, list.getStart(source));
  const lines = additions.map((text) => `${newline}${base}${indent}${text},`).join('');
  return [{ at: from + kept.length, length: inner.length - kept.length, text: lines + newline + base }];
}

function insert(at: number, text: string): Edit {
  return { at, length: 0, text };
}

function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line;
}

/** Returns the white space before the first character of a line. */
function indentAt(source: ts.SourceFile, position: number): string {
  const start = position - source.getLineAndCharacterOfPosition(position).character;
  return /^[ \t]+/.exec(source.text.slice(start))?.[0] ?? '';
}

/** Imports a name of a module, unless the file does. */
export function addImport(source: ts.SourceFile, name: string, from: string, isDefault = false): Edit[] {
  if (localName(source, isDefault ? 'default' : name, from) !== null) return [];
  const imports = source.statements.filter(ts.isImportDeclaration);
  const named = imports.find((one) => specifierOf(one) === from && !isTypeImport(one) && namesOf(one) !== null);
  const names = named === undefined ? null : namesOf(named);
  if (names !== null && !isDefault) return append(source, names, [name]);
  const { quote, semicolon, newline } = styleOf(source);
  const line = `import ${isDefault ? name : `{ ${name} }`} from ${quote}${from}${quote}${semicolon}`;
  const isOfPackage = (path: string): boolean => !path.startsWith('.');
  const before = imports.findLast((one) => !isOfPackage(from) || isOfPackage(specifierOf(one)));
  return before === undefined
    ? [insert(imports[0]?.getStart(source) ?? 0, line + newline)]
    : [
        insert(
          ts.getTrailingCommentRanges(source.text, before.getEnd())?.at(-1)?.end ?? before.getEnd(),
          newline + line,
        ),
      ];
}

/** By its text: the property has another name in newer versions of TypeScript. */
function isTypeImport(declaration: ts.ImportDeclaration): boolean {
  return /^import\s+type\s+(?!from\b)/.test(declaration.getText());
}

export function specifierOf(declaration: ts.ImportDeclaration): string {
  return ts.isStringLiteral(declaration.moduleSpecifier) ? declaration.moduleSpecifier.text : '';
}

function namesOf(declaration: ts.ImportDeclaration): ts.NamedImports | null {
  const bindings = declaration.importClause?.namedBindings;
  return bindings !== undefined && ts.isNamedImports(bindings) ? bindings : null;
}

/** Returns the name that a file gives to an import, `'default'` for that of the module itself. null: not imported. */
export function localName(source: ts.SourceFile, name: string, from: string): string | null {
  for (const declaration of source.statements.filter(ts.isImportDeclaration)) {
    if (specifierOf(declaration) !== from || isTypeImport(declaration)) continue;
    if (name === 'default' && declaration.importClause?.name !== undefined) return declaration.importClause.name.text;
    const found = namesOf(declaration)?.elements.find(
      (element) => !element.isTypeOnly && (element.propertyName ?? element.name).text === name,
    );
    if (found !== undefined) return found.name.text;
  }
  return null;
}

/** Returns the nodes below a node of which a test is true, in the order of the text. */
export function descendants<T extends ts.Node>(node: ts.Node, test: (node: ts.Node) => node is T): T[] {
  const found: T[] = [];
  const visit = (child: ts.Node): void => {
    if (test(child)) found.push(child);
    ts.forEachChild(child, visit);
  };
  ts.forEachChild(node, visit);
  return found;
}

/** Returns the value of a property. undefined: there is none; null: it is written in another way than `name: value`. */
export function propertyValue(object: ts.ObjectLiteralExpression, name: string): ts.Expression | null | undefined {
  const property = object.properties.find((one) => {
    const key = one.name;
    return key !== undefined && (ts.isIdentifier(key) || ts.isStringLiteral(key)) && key.text === name;
  });
  if (property === undefined) return undefined;
  return ts.isPropertyAssignment(property) ? property.initializer : null;
}
