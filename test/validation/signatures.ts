import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { VALUES } from './values.js';

/** A public function, method or constructor, by the types of its overloads. */
export interface Call {
  /** as it is written: 'StatisticService.value', 'new TestClock', 'addDays' */
  readonly name: string;
  readonly parameters: readonly Parameter[];
}

/** An argument or an option, by its types in all overloads. */
export interface Parameter {
  readonly name: string;
  /** the names of VALUES that no overload takes */
  readonly refused: readonly (keyof typeof VALUES)[];
  /** true where the values of a type can be wrong, too: numbers, texts, dates, objects of any kind */
  readonly isOpen: boolean;
  /** its options, where it is an object */
  property(name: string): Parameter | null;
  readonly properties: readonly string[];
}

const LIB = join(process.cwd(), 'lib');
const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
const INDEXES = Object.keys(exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => join(LIB, subpath, 'index.ts'));

/** Every public call of the library and of its subpaths, read from the types. */
export function publicCalls(): readonly Call[] {
  const values = join(process.cwd(), 'test', 'validation', 'values.ts');
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, process.cwd());
  const program = ts.createProgram([...INDEXES, values], { ...options, noEmit: true });
  return new Reader(program, values).calls();
}

class Reader {
  private readonly checker: ts.TypeChecker;
  private readonly types: readonly [keyof typeof VALUES, ts.Type][];

  constructor(
    private readonly program: ts.Program,
    values: string,
  ) {
    this.checker = program.getTypeChecker();
    const [symbol] = this.exportsOf(values);
    const type = this.checker.getTypeOfSymbol(symbol!);
    this.types = Object.keys(VALUES).map((name) => [
      name as keyof typeof VALUES,
      this.checker.getTypeOfSymbol(type.getProperty(name)!),
    ]);
  }

  calls(): readonly Call[] {
    const exported = new Map(INDEXES.flatMap((file) => this.exportsOf(file)).map((symbol) => [symbol.name, symbol]));
    return [...exported.values()]
      .filter(({ name }) => !name.endsWith('Error'))
      .flatMap((symbol) => this.callsOf(symbol));
  }

  private exportsOf(file: string): readonly ts.Symbol[] {
    const source = this.program.getSourceFile(file)!;
    return this.checker
      .getExportsOfModule(this.checker.getSymbolAtLocation(source)!)
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol))
      .filter(({ flags }) => (flags & ts.SymbolFlags.Value) !== 0);
  }

  private callsOf(symbol: ts.Symbol): Call[] {
    const { name } = symbol;
    const type = this.checker.getTypeOfSymbol(symbol);
    if ((symbol.flags & ts.SymbolFlags.Class) === 0) {
      return type.getCallSignatures().length > 0
        ? [this.call(name, type.getCallSignatures())]
        : this.methods(type, name);
    }
    return [
      ...this.constructors(symbol, type),
      ...this.methods(type, name),
      ...this.methods(this.checker.getDeclaredTypeOfSymbol(symbol), name),
    ];
  }

  /** Those that applications call: with parameters, and not made by the module alone. */
  private constructors({ name, declarations = [] }: ts.Symbol, type: ts.Type): Call[] {
    const isAbstract = declarations.some((one) => (ts.getCombinedModifierFlags(one) & ts.ModifierFlags.Abstract) !== 0);
    const signatures = type.getConstructSignatures().filter((signature) => !isInternal(signature.getJsDocTags()));
    const isPublic = signatures.some(
      ({ parameters, declaration }) => parameters.length > 0 && declaration?.getSourceFile().fileName.startsWith(LIB),
    );
    return isAbstract || !isPublic ? [] : [this.call(`new ${name}`, signatures)];
  }

  private methods(type: ts.Type, owner: string): Call[] {
    const isOurs = ({ declarations = [] }: ts.Symbol): boolean =>
      declarations.some((declaration) => declaration.getSourceFile().fileName.startsWith(LIB));
    return type
      .getProperties()
      .filter(
        (property) =>
          !property.name.startsWith('__') && isOurs(property) && !isInternal(property.getJsDocTags(this.checker)),
      )
      .filter((property) =>
        (property.declarations ?? []).every(
          (one) => (ts.getCombinedModifierFlags(one) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) === 0,
        ),
      )
      .map((property) => [property.name, this.checker.getTypeOfSymbol(property).getCallSignatures()] as const)
      .filter(([, signatures]) => signatures.some(({ parameters }) => parameters.length > 0))
      .map(([name, signatures]) => this.call(`${owner}.${name}`, signatures));
  }

  private call(name: string, signatures: readonly ts.Signature[]): Call {
    const count = Math.max(...signatures.map(({ parameters }) => parameters.length));
    const parameters = Array.from({ length: count }, (_, place) => {
      const symbols = signatures.flatMap((signature) => signature.parameters[place] ?? []);
      const isLeftOut = symbols.length < signatures.length;
      const types = symbols.map((symbol) => {
        const declaration = symbol.valueDeclaration as ts.ParameterDeclaration;
        const type = this.checker.getTypeOfSymbol(symbol);
        const isOptional = isLeftOut || this.checker.isOptionalParameter(declaration);
        return isOptional ? [type, this.checker.getUndefinedType()] : [type];
      });
      return this.parameter(symbols[0]!.name, types.flat());
    });
    return { name, parameters };
  }

  private parameter(name: string, given: readonly ts.Type[]): Parameter {
    const types = given.flatMap((type) => this.constituents(type));
    const properties = new Set(
      types
        .filter((type) => (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0)
        // branded text has the methods of text
        .filter((type) => !this.checker.isTypeAssignableTo(type, this.checker.getStringType()))
        .flatMap((type) => this.checker.getPropertiesOfType(type))
        .map((property) => property.name),
    );
    const isTaken = (value: ts.Type): boolean =>
      [...given, ...types].some((type) => this.checker.isTypeAssignableTo(value, type));
    const refused = this.types.filter(([, type]) => !isTaken(type)).map(([value]) => value);
    return {
      name,
      refused,
      isOpen: ['number', 'text', 'date', 'object', 'array'].some((value) => !refused.includes(value as never)),
      properties: [...properties],
      property: (wanted) => {
        const found = types.flatMap((type) => this.checker.getPropertyOfType(type, wanted) ?? []);
        const propertyTypes = found
          .map((property) => this.checker.getTypeOfSymbol(property))
          .filter((type) => (type.flags & ts.TypeFlags.Never) === 0);
        // where a variant excludes it, its type is never, or undefined alone
        const isExcluded = propertyTypes.every((type) => (type.flags & ts.TypeFlags.Undefined) !== 0);
        return isExcluded ? null : this.parameter(wanted, propertyTypes);
      },
    };
  }

  /** The members of a union, a type parameter by what it extends. */
  private constituents(type: ts.Type): readonly ts.Type[] {
    if (type.isUnion()) return type.types.flatMap((one) => this.constituents(one));
    if ((type.flags & (ts.TypeFlags.TypeParameter | ts.TypeFlags.IndexedAccess)) !== 0) {
      const constraint = this.checker.getBaseConstraintOfType(type);
      return constraint === undefined || constraint === type ? [type] : [constraint, ...this.constituents(constraint)];
    }
    return [type];
  }
}

function isInternal(tags: readonly ts.JSDocTagInfo[]): boolean {
  return tags.some(({ name }) => name === 'internal');
}
