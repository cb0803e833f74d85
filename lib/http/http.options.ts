import type { CanActivate, FactoryProvider, ModuleMetadata, Type } from '@nestjs/common';
import type { LabelFunction } from '../statistics/index.js';
import { callback, injectable, isOptions, listOf, optional } from '../validation/check.js';
import { readOptions, unknownOption, readValue, type ChecksOf } from '../validation/options.js';
import { InvalidHttpOptionsError, UnguardedInterfaceError } from './http.error.js';

/** A guard: its class, which can inject the exports of `imports`, or an instance. */
export type Guard = Type<CanActivate> | CanActivate;

/** Limits the size of one request. Requests for more are rejected. */
export interface HttpLimits {
  /** points of one series, including its comparison. @default 10000 */
  points?: number | undefined;
  /** series in one response. @default 100 */
  series?: number | undefined;
  /** points in one response, of all its series together. @default 100000 */
  values?: number | undefined;
  /** entries in one list: metrics, places of a ranking, runs, differences. @default 1000 */
  rows?: number | undefined;
  /**
   * reads with `live=true` at a time, each of which counts rows of a source; others wait for their turn. 0 rejects them.
   * @default 2, and 0 if the interface has no guards
   */
  live?: number | undefined;
}

/** Sets what the JSON interface shows, and how much of it. The extras set who may see it. */
export interface TrackstatsHttpModuleOptions {
  /**
   * names objects, for example users by name instead of id. Called once for all objects of one type in a response.
   * @default ids only
   */
  label?: LabelFunction | undefined;
  /** limits on the size of one request */
  limits?: HttpLimits | undefined;
  /**
   * origins whose pages may write, such as 'https://admin.example.org', besides the one in the request's Host header.
   * Add the application's own origin if a proxy rewrites Host
   */
  origins?: readonly string[] | undefined;
}

/** Options that shape the module. With `forRootAsync`, pass them beside the factory. */
export interface TrackstatsHttpModuleExtras {
  /** path of the routes, behind the application's global prefix. @default 'trackstats' */
  path?: string | undefined;
  /** guards that decide who may read; all of them must agree */
  guards?: readonly Guard[] | undefined;
  /**
   * guards that decide who may run, verify, repair and backfill, in addition to `guards`.
   * @default none: these routes do not exist
   */
  actionGuards?: readonly Guard[] | undefined;
  /** `true`: everybody may read, or a global guard of the application protects these routes. @default false */
  public?: boolean | undefined;
  /**
   * decorators of the controllers, such as those that a global guard of the application looks for: `[Public(),
   * SkipThrottle()]`. They are applied as if they were written above each controller. @default none
   */
  decorators?: readonly ClassDecorator[] | undefined;
  /** modules that export the providers that guards and the factory inject */
  imports?: ModuleMetadata['imports'] | undefined;
}

type NoExtras = { [K in keyof TrackstatsHttpModuleExtras]?: undefined };

/** Configures the JSON interface by a factory. Pass options that shape the module beside the factory. */
export type TrackstatsHttpModuleAsyncOptions = TrackstatsHttpModuleExtras & {
  /** creates the options from the providers in `inject` */
  useFactory: (
    ...args: any[] // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever `inject` names
  ) => (TrackstatsHttpModuleOptions & NoExtras) | Promise<TrackstatsHttpModuleOptions & NoExtras>;
  inject?: FactoryProvider['inject'] | undefined;
};

/** The options with all defaults. */
export interface ResolvedHttpOptions {
  readonly label: LabelFunction | null;
  readonly limits: Readonly<Required<HttpLimits>>;
  readonly origins: readonly string[];
}

/** The checked options that shape the module. */
export interface ResolvedHttpExtras {
  readonly path: string;
  /** empty if everybody may read */
  readonly guards: readonly Guard[];
  readonly actionGuards: readonly Guard[];
  readonly decorators: readonly ClassDecorator[];
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

const DEFAULT_LIMITS: Readonly<Required<HttpLimits>> = {
  points: 10_000,
  series: 100,
  values: 100_000,
  rows: 1_000,
  live: 2,
};
const OPTIONS: readonly string[] = ['label', 'limits', 'origins'] satisfies (keyof TrackstatsHttpModuleOptions)[];
const EXTRAS: readonly string[] = [
  'path',
  'guards',
  'actionGuards',
  'public',
  'decorators',
  'imports',
] satisfies (keyof TrackstatsHttpModuleExtras)[];

/**
 * Checks the options that shape the module.
 *
 * @param module the name in an error, such as 'TrackstatsHttpModule.forRoot'
 * @throws UnguardedInterfaceError, InvalidHttpOptionsError
 */
export function resolveHttpExtras(given: TrackstatsHttpModuleExtras, module: string): ResolvedHttpExtras {
  if (!isObject(given))
    throw new InvalidHttpOptionsError('the options object', given, 'Expected an object; none is {}.');
  const { path = 'trackstats', guards = [], actionGuards = [], decorators = [], imports = [] } = given;
  if (typeof path !== 'string' || path.replaceAll('/', '') === '' || /[?#\s]/.test(path)) {
    throw new InvalidHttpOptionsError(
      'path',
      path,
      "Expected the path of the routes, without spaces, ? and #, as 'admin/statistics'.",
    );
  }
  checkGuards('guards', guards);
  checkGuards('actionGuards', actionGuards);
  checkDecorators(decorators);
  if (given.public !== undefined && typeof given.public !== 'boolean') {
    throw new InvalidHttpOptionsError('public', given.public, 'Expected true, or nothing.');
  }
  readValue(imports, listOf(injectable), 'imports', (_, value, expected) => {
    return new InvalidHttpOptionsError('imports', value, expected);
  });
  if (guards.length === 0 && given.public !== true) throw new UnguardedInterfaceError(module);
  return { path, guards: [...guards], actionGuards: [...actionGuards], decorators: [...decorators], imports };
}

/**
 * Checks the factory of the options, and that only options that shape the module are beside it.
 *
 * @param options the options beside the factory
 * @throws InvalidHttpOptionsError
 */
export function checkAsyncOptions(options: unknown): void {
  const anything = (given: unknown): unknown => given;
  const checks = {
    path: anything,
    guards: anything,
    actionGuards: anything,
    decorators: anything,
    public: anything,
    imports: anything,
    useFactory: callback('(…) => ({ label })'),
    inject: optional(listOf(injectable)),
  } satisfies ChecksOf<TrackstatsHttpModuleAsyncOptions>;
  readOptions(options, checks, (name, given, expected) => {
    return new InvalidHttpOptionsError(name ?? 'the options object', given, expected);
  });
}

/**
 * Checks the options, fills in the defaults and freezes the contents.
 *
 * @param isGuarded false: everybody may read, so by default nobody makes a source be counted
 * @param others names of options that were read before
 * @throws InvalidHttpOptionsError
 */
export function resolveHttpOptions(
  given: TrackstatsHttpModuleOptions,
  isGuarded: boolean,
  others: readonly string[] = [],
): ResolvedHttpOptions {
  if (!isObject(given))
    throw new InvalidHttpOptionsError('the options object', given, 'Expected an object; none is {}.');
  const unknown = Object.keys(given).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw new InvalidHttpOptionsError(
      unknown,
      (given as Record<string, unknown>)[unknown],
      EXTRAS.includes(unknown)
        ? 'It shapes the module. Pass it beside the factory.'
        : `${unknownOption(unknown, [...others, ...OPTIONS, ...EXTRAS])} With forRootAsync, ${EXTRAS.join(', ')} go beside the factory.`,
    );
  }
  const { label, limits = {}, origins = [] } = given;
  if (!Array.isArray(origins)) throw new InvalidHttpOptionsError('origins', origins, 'Expected origins in an array.');
  if (label !== undefined && typeof label !== 'function') {
    throw new InvalidHttpOptionsError('label', label, 'Expected a function of objects: async (objects) => new Map(…).');
  }
  // not frozen itself: it is a provider, and what watches providers wraps their functions, which a frozen one refuses
  return {
    label: label ?? null,
    limits: resolveLimits(limits, isGuarded),
    origins: Object.freeze(origins.map(checkOrigin)),
  };
}

function resolveLimits(given: HttpLimits, isGuarded: boolean): Readonly<Required<HttpLimits>> {
  if (!isObject(given)) throw new InvalidHttpOptionsError('limits', given, 'Expected an object: { points: 5000 }.');
  const limits = (Object.entries(given) as [string, unknown][]).filter(([, limit]) => limit !== undefined);
  for (const [name, limit] of limits) {
    const least = name === 'live' ? 0 : 1;
    if (!Object.hasOwn(DEFAULT_LIMITS, name) || !Number.isSafeInteger(limit) || (limit as number) < least) {
      throw new InvalidHttpOptionsError(
        `limits.${name}`,
        limit,
        `Expected a whole number from ${least} on, of ${Object.keys(DEFAULT_LIMITS).join(', ')}.`,
      );
    }
  }
  return Object.freeze({ ...DEFAULT_LIMITS, ...(isGuarded ? {} : { live: 0 }), ...Object.fromEntries(limits) });
}

function checkGuards(option: string, guards: unknown): void {
  const isGuard = (guard: unknown): boolean =>
    typeof guard === 'function' || (isObject(guard) && typeof (guard as CanActivate).canActivate === 'function');
  if (Array.isArray(guards) && guards.every(isGuard)) return;
  throw new InvalidHttpOptionsError(option, guards, `Expected guards in an array: ${option}: [AdminGuard].`);
}

function checkDecorators(given: unknown): void {
  if (Array.isArray(given) && given.every((decorator) => typeof decorator === 'function')) return;
  throw new InvalidHttpOptionsError(
    'decorators',
    given,
    'Expected class decorators in an array, called where they take arguments: decorators: [Public()].',
  );
}

function checkOrigin(given: unknown): string {
  const origin = typeof given === 'string' && URL.canParse(given) ? new URL(given).origin : 'null';
  if (origin === 'null' || origin !== given) {
    throw new InvalidHttpOptionsError(
      'origins',
      given,
      "Expected origins as browsers write them: 'https://example.org'.",
    );
  }
  return origin;
}

const isObject: (value: unknown) => value is object = isOptions;

/** The checked options of one registration of the module. */
export const HTTP_OPTIONS = Symbol('trackstats http options');

/** The guards that admit to actions, of one registration of the module. */
export const ACTION_GUARDS = Symbol('trackstats http action guards');
