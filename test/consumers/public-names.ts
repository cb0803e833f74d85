import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { snippetFiles } from './snippet-files.js';
import { readGuides, type Guide } from './snippets.js';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
/** By subpath, such as `./http`. */
const ENTRY_POINTS = new Map(
  Object.keys(exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => [subpath, join(process.cwd(), 'lib', subpath, 'index.ts')]),
);

/** What examples use without showing it. */
const EXAMPLES = readFileSync('test/consumers/fixtures/examples.ts', 'utf8');

/** The public names of the library, as the compiler reads them. */
export class PublicNames {
  private readonly options = compilerOptions();
  private readonly program = ts.createProgram([...ENTRY_POINTS.values()], this.options);
  private readonly checker = this.program.getTypeChecker();
  /** by name, and each member of a class or type by `Class.member` */
  private readonly symbols = new Map<string, ts.Symbol>();

  constructor() {
    for (const file of ENTRY_POINTS.values()) {
      for (const exported of this.exportsOf(file)) {
        const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
        const symbol = isAlias ? this.checker.getAliasedSymbol(exported) : exported;
        this.symbols.set(symbol.name, symbol);
        const members = [...(symbol.members?.values() ?? []), ...(symbol.exports?.values() ?? [])];
        for (const member of members) this.symbols.set(`${symbol.name}.${member.name}`, member);
      }
    }
  }

  /** Returns the docstrings, without their tags. */
  docstrings(): Map<string, string> {
    const textOf = (symbol: ts.Symbol): string => ts.displayPartsToString(symbol.getDocumentationComment(this.checker));
    return new Map([...this.symbols].map(([name, symbol]) => [name, textOf(symbol)]));
  }

  /** Returns the code of the examples in docstrings, by name. The compiler's own tags end before a decorator. */
  examples(): [name: string, code: string][] {
    return [...this.symbols].flatMap(([name, symbol]) => {
      const texts = new Set((symbol.declarations ?? []).flatMap(ts.getJSDocCommentsAndTags).map(textOfComment));
      return [...texts].flatMap((text) =>
        [...text.matchAll(EXAMPLE)].map(([, block, line]): [string, string] => [name, block ?? line ?? '']),
      );
    });
  }

  /** Compiles the examples in the shop of the tour, each as a page of its own. Returns the errors. */
  compileExamples(): string[] {
    const pages = this.examples().map(([name, code], place): Guide => {
      return { name: `${name}-${String(place)}`, declarations: [], calls: [{ line: 1, code }] };
    });
    const { files } = snippetFiles(readGuides().tour, pages, this.otherNames());
    // beside the files of a reader's application, which they import
    const texts = new Map(
      Object.entries(files).map(([file, text]) => [
        file.replace('snippets', `${process.cwd()}/test/consumers/fixtures`),
        text,
      ]),
    );
    const program = ts.createProgram([...texts.keys()], this.options, this.hostWith(texts));
    return [...texts.keys()].flatMap((file) => errorsIn(program, file));
  }

  /** Returns the modules of names that the main entry point does not export. */
  private otherNames(): Map<string, string> {
    const names = [...ENTRY_POINTS].flatMap(([subpath, file]) =>
      this.exportsOf(file).map(({ name }): [string, string] => [name, subpath.replace('.', 'nestjs-trackstats')]),
    );
    const ofExamples = [...EXAMPLES.matchAll(/^export (?:declare )?(?:class|const) (\w+)/gm)].map(
      ([, name = '']): [string, string] => [name, './examples.js'],
    );
    return new Map([...names.reverse(), ...ofExamples]);
  }

  private exportsOf(file: string): ts.Symbol[] {
    const module = this.checker.getSymbolAtLocation(this.program.getSourceFile(file)!)!;
    return this.checker.getExportsOfModule(module);
  }

  /** A compiler host with files that are not on the disk. What was parsed before is not parsed again. */
  private hostWith(texts: ReadonlyMap<string, string>): ts.CompilerHost {
    const host = ts.createCompilerHost(this.options);
    return {
      ...host,
      fileExists: (file) => texts.has(file) || host.fileExists(file),
      readFile: (file) => texts.get(file) ?? host.readFile(file),
      getSourceFile: (file, ...others) => this.program.getSourceFile(file) ?? sourceFile(texts.get(file), file, others),
    };

    function sourceFile(
      text: string | undefined,
      file: string,
      others: [ts.ScriptTarget | ts.CreateSourceFileOptions, ((message: string) => void)?, boolean?],
    ): ts.SourceFile | undefined {
      return text === undefined ? host.getSourceFile(file, ...others) : ts.createSourceFile(file, text, others[0]);
    }
  }
}

/** A fenced block, or the text up to the next tag. */
const EXAMPLE = /^@example *(?:\n?```ts\n(.*?)^```$|(.+?)(?=^@\w|(?![^])))/gms;

function textOfComment(comment: ts.Node): string {
  return comment
    .getText()
    .replace(/^\/\*\*|\*\/$/g, '')
    .replaceAll(/^ *\* ?/gm, '')
    .trim();
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, process.cwd());
  return { ...options, noEmit: true };
}

function errorsIn(program: ts.Program, file: string): string[] {
  const source = program.getSourceFile(file)!;
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return found.map(({ start, messageText }) => {
    const { line } = source.getLineAndCharacterOfPosition(start ?? 0);
    const message = ts.flattenDiagnosticMessageText(messageText, ' ');
    return `${file.slice(file.lastIndexOf('/') + 1)}: ${source.text.split('\n')[line]!} ⇒ ${message}`;
  });
}
