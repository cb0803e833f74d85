import ts from 'typescript';

/** One change of a source file, which its tests should notice. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly before: string;
  readonly after: string;
  /** the whole file with the change */
  readonly text: string;
}

const BINARY: Partial<Record<ts.SyntaxKind, string>> = {
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.GreaterThanEqualsToken]: '>',
  [ts.SyntaxKind.PlusToken]: '-',
  [ts.SyntaxKind.MinusToken]: '+',
  [ts.SyntaxKind.AsteriskToken]: '/',
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: '===',
  [ts.SyntaxKind.AmpersandAmpersandToken]: '||',
  [ts.SyntaxKind.BarBarToken]: '&&',
};

/** Changes of the text of a statement. */
const SQL: readonly (readonly [RegExp, string])[] = [
  [/ <= /, ' < '],
  [/ < /, ' <= '],
  [/ >= /, ' > '],
  [/ > /, ' >= '],
  [/ AND /, ' OR '],
  [/ OR /, ' AND '],
  [/ IS NOT NULL/, ' IS NULL'],
  [/ IS NULL/, ' IS NOT NULL'],
  [/\bDISTINCT /, ''],
  [/\bMIN\(/, 'MAX('],
  [/\bMAX\(/, 'MIN('],
  [/\bSUM\(/, 'MAX('],
  [/ UNION /, ' UNION ALL '],
  [/ \+ /, ' - '],
  [/ - /, ' + '],
  [/\bTHEN 0 ELSE 1\b/, 'THEN 1 ELSE 0'],
];

/** Returns every change of a file that is tried. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const change = (start: number, end: number, after: string): void => {
    const before = text.slice(start, end);
    if (before === after) return;
    mutants.push({
      file,
      line: source.getLineAndCharacterOfPosition(start).line + 1,
      before,
      after,
      text: text.slice(0, start) + after + text.slice(end),
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isThrowStatement(node)) return;
    if (ts.isBinaryExpression(node)) {
      const { operatorToken: token } = node;
      const other = BINARY[token.kind];
      const addsText = token.kind === ts.SyntaxKind.PlusToken && [node.left, node.right].some(isText);
      if (other !== undefined && !addsText) change(token.getStart(), token.getEnd(), other);
    }
    if (ts.isIfStatement(node)) {
      change(node.expression.getStart(), node.expression.getEnd(), `!(${node.expression.getText()})`);
    }
    if (ts.isConditionalExpression(node)) {
      change(node.condition.getStart(), node.condition.getEnd(), `!(${node.condition.getText()})`);
    }
    if (ts.isNumericLiteral(node)) change(node.getStart(), node.getEnd(), `(${node.text} + 1)`);
    if (node.kind === ts.SyntaxKind.TrueKeyword) change(node.getStart(), node.getEnd(), 'false');
    if (node.kind === ts.SyntaxKind.FalseKeyword) change(node.getStart(), node.getEnd(), 'true');
    if (isText(node) && !ts.isTemplateExpression(node)) {
      for (const [from, to] of SQL) {
        const own = node.getText();
        const found = from.exec(own);
        if (found === null) continue;
        const start = node.getStart() + found.index;
        change(start, start + found[0].length, to);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

function isText(node: ts.Node): boolean {
  return (
    ts.isStringLiteral(node) ||
    ts.isNoSubstitutionTemplateLiteral(node) ||
    ts.isTemplateExpression(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddle(node) ||
    ts.isTemplateTail(node)
  );
}
