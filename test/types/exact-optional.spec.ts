import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** What an application writes under `exactOptionalPropertyTypes`: each value may be undefined. */
const APPLICATION = `
import { TrackstatsModule, Track, CountObjectsByDateTracker, Period, defineDomain, defineMetric, type TrackerService } from 'nestjs-trackstats';
import { TrackstatsHttpModule } from 'nestjs-trackstats/http';
import { TrackstatsDashboardModule } from 'nestjs-trackstats/dashboard';

class Order { createdAt!: Date; }
const { TZ, STATS_PATH, CRON } = process.env;
const metric = defineMetric({ domain: defineDomain({ ref: 'shop', name: TZ }), ref: 'orders', name: TZ });

TrackstatsModule.forRoot({ timeZone: process.env['TZ'], dataSource: TZ, scheduling: { catchUp: undefined, history: { days: undefined } } });
TrackstatsModule.forRootAsync({ dataSource: TZ, imports: undefined, inject: undefined, useFactory: () => ({ timeZone: TZ }) });
TrackstatsHttpModule.forRoot({ path: STATS_PATH, guards: undefined, limits: { points: undefined } });
TrackstatsDashboardModule.forRootAsync({ path: STATS_PATH, useFactory: () => ({ title: TZ }) });
TrackstatsModule.forRoot({ trackers: { Orders: CRON === undefined ? false : { cron: CRON, timeZone: TZ, every: undefined } } });

@Track({ metric, source: Order, dateField: 'createdAt', period: Period.DAY, timeZone: TZ, name: TZ, every: '1 hour', cron: undefined })
export class Orders extends CountObjectsByDateTracker {}

export async function backfill(trackers: TrackerService, to: string | undefined, signal: AbortSignal | undefined) {
  await trackers.backfill(Orders, { from: '2026-01-01', to, signal });
}

// @ts-expect-error -- the flag is on
export const flag: { a?: string } = { a: TZ };
`;

/**
 * Where undefined means something else than nothing. Keys of a scope: without them it is the total's. Dates of a filter:
 * \`from: undefined\` would read everything.
 */
const EXACT = new Set([
  'object',
  'objects',
  'objectType',
  'objectId',
  'objectField',
  'entity',
  'statistic',
  'dimensions',
]);
const EXACT_IN_FILTERS = new Set(['date', 'at', 'from', 'to', 'last', 'metric', 'metrics', 'domain', 'before', 'keep']);
const FILTERS = /(annotations\/annotation|statistic-filter|export-filter|prune|client\/requests)\.ts$/;

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
const ROOTS = Object.keys(exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => join('lib', subpath, 'index.ts'));

describe('options under exactOptionalPropertyTypes', () => {
  let program: ts.Program;
  let checker: ts.TypeChecker;
  const file = `${process.cwd()}/test/types/application.exact.ts`;

  beforeAll(() => {
    const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: object };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
    const exact = { ...options, exactOptionalPropertyTypes: true, noEmit: true, types: ['node'] };
    const host = ts.createCompilerHost(exact);
    const { getSourceFile, fileExists, readFile } = host;
    host.fileExists = (path) => path === file || fileExists(path);
    host.readFile = (path) => (path === file ? APPLICATION : readFile(path));
    host.getSourceFile = (path, version, ...rest) =>
      path === file ? ts.createSourceFile(file, APPLICATION, version) : getSourceFile(path, version, ...rest);
    program = ts.createProgram([...ROOTS, file], exact, host);
    checker = program.getTypeChecker();
  });

  it('take undefined in an application', () => {
    const source = program.getSourceFile(file)!;
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  it('take undefined wherever they may be left out, in every public call', () => {
    const looked = new Set<ts.Type>();
    const refusing = new Set<string>();

    const look = (type: ts.Type, depth = 0): void => {
      if (looked.has(type) || depth > 4) return;
      looked.add(type);
      if (type.isUnionOrIntersection()) for (const part of type.types) look(part, depth);
      if (type.isClass() || checker.isArrayType(type)) return;
      for (const property of type.getProperties()) {
        const [declaration] = property.getDeclarations() ?? [];
        if (declaration === undefined || !isOurs(declaration) || !ts.isPropertySignature(declaration)) continue;
        const { type: written, questionToken } = declaration;
        if (written === undefined) continue;
        const name = property.getName();
        const where = declaration.getSourceFile().fileName;
        const isExact = EXACT.has(name) || (FILTERS.test(where) && EXACT_IN_FILTERS.has(name));
        if (questionToken !== undefined && !isExact && !takesUndefined(checker.getTypeFromTypeNode(written))) {
          refusing.add(`${where.slice(process.cwd().length + 1)}: ${name}`);
        }
        look(checker.getNonNullableType(checker.getTypeOfSymbol(property)), depth + 1);
      }
    };

    for (const root of ROOTS) {
      for (const exported of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(root)!)!)) {
        const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
        if (/(Options|Extras|Limits|Override|Schedule)$/.test(symbol.getName()))
          look(checker.getDeclaredTypeOfSymbol(symbol));
        for (const signature of callsOf(symbol)) {
          for (const parameter of signature.getParameters()) look(checker.getTypeOfSymbol(parameter));
        }
      }
    }
    expect(looked.size).toBeGreaterThan(100);
    expect([...refusing].sort()).toEqual([]);
  });

  /** What an application may call: functions, constructors, static and other public methods. */
  function callsOf(symbol: ts.Symbol): readonly ts.Signature[] {
    if (!(symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class | ts.SymbolFlags.Variable))) return [];
    const type = checker.getTypeOfSymbol(symbol);
    const instance = symbol.flags & ts.SymbolFlags.Class ? checker.getDeclaredTypeOfSymbol(symbol).getProperties() : [];
    const members = [...type.getProperties(), ...instance].filter(
      (member) =>
        member.flags & ts.SymbolFlags.Method &&
        member
          .getDeclarations()
          ?.every(
            (declaration) =>
              isOurs(declaration) &&
              !(ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)),
          ),
    );
    return [
      ...type.getCallSignatures(),
      ...type.getConstructSignatures(),
      ...members.flatMap((member) => checker.getTypeOfSymbol(member).getCallSignatures()),
    ];
  }

  function isOurs(declaration: ts.Declaration): boolean {
    return declaration.getSourceFile().fileName.startsWith(`${process.cwd()}/lib/`);
  }

  function takesUndefined(type: ts.Type): boolean {
    const taking = ts.TypeFlags.Undefined | ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.Never;
    return (type.flags & taking) !== 0 || (type.isUnion() && type.types.some(takesUndefined));
  }
});
