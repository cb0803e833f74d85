import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
const ENTRY_POINTS = Object.keys(exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => join(process.cwd(), 'lib', subpath, 'index.ts'));

/** Each public name, and each member of a public class or type, with its docstring. */
function docstrings(): Map<string, string> {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, process.cwd());
  const program = ts.createProgram(ENTRY_POINTS, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const found = new Map<string, string>();
  const textOf = (symbol: ts.Symbol): string => ts.displayPartsToString(symbol.getDocumentationComment(checker));
  for (const file of ENTRY_POINTS) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      found.set(symbol.name, textOf(symbol));
      for (const member of symbol.members?.values() ?? []) found.set(`${symbol.name}.${member.name}`, textOf(member));
      for (const member of symbol.exports?.values() ?? []) found.set(`${symbol.name}.${member.name}`, textOf(member));
    }
  }
  return found;
}

describe('the docstrings', () => {
  const found = docstrings();
  const names = [...found].filter(([name]) => !name.includes('.'));

  it('are there for every public name', () => {
    expect(names.length).toBeGreaterThan(150);
    expect(names.filter(([, text]) => text === '').map(([name]) => name)).toEqual([]);
  });

  it('name the thing, and open with no relative clause', () => {
    expect([...found].filter(([, text]) => /^(what|whether|that|how|where|which)\b/i.test(text))).toEqual([]);
  });
});
