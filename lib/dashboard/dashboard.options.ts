import type { FactoryProvider } from '@nestjs/common';
import {
  resolveHttpExtras,
  resolveHttpOptions,
  type ResolvedHttpExtras,
  type TrackstatsHttpModuleExtras,
  type TrackstatsHttpModuleOptions,
} from '../http/http.options.js';
import { isOptions } from '../validation/check.js';
import { InvalidDashboardOptionsError } from './dashboard.error.js';

/** Sets what the dashboard shows, and how much of it. The extras set who may see it. */
export interface TrackstatsDashboardModuleOptions extends TrackstatsHttpModuleOptions {
  /** title of the page, in its head and its tab. @default 'Statistics' */
  title?: string | undefined;
  /** address where your application signs users in: the page links to it. @default no link */
  signInUrl?: string | undefined;
  /** address where your application signs users out: the page links to it. @default no link */
  signOutUrl?: string | undefined;
  /**
   * pages that may show this one in a frame: `'self'` for those of your application's own origin, or other origins, such
   * as 'https://admin.example.org'. @default none
   */
  frameAncestors?: readonly string[] | undefined;
  /** folder of the page's files, where the application is bundled. @default beside the library's module */
  pageFolder?: string | undefined;
}

/** Options that shape the module. With `forRootAsync`, pass them beside the factory. */
export interface TrackstatsDashboardModuleExtras extends Omit<TrackstatsHttpModuleExtras, 'path'> {
  /** path of the page, behind the application's global prefix; '/' for its root. @default 'trackstats' */
  path?: string | undefined;
}

type NoExtras = { [K in keyof TrackstatsDashboardModuleExtras]?: undefined };

/** Configures the dashboard by a factory. Pass options that shape the module beside the factory. */
export type TrackstatsDashboardModuleAsyncOptions = TrackstatsDashboardModuleExtras & {
  /** creates the options from the providers in `inject` */
  useFactory: (
    ...args: any[] // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever `inject` names
  ) => (TrackstatsDashboardModuleOptions & NoExtras) | Promise<TrackstatsDashboardModuleOptions & NoExtras>;
  inject?: FactoryProvider['inject'] | undefined;
};

/** The options with all defaults. */
export interface ResolvedDashboardOptions {
  readonly title: string;
  readonly signInUrl: string | undefined;
  readonly signOutUrl: string | undefined;
  /** empty: no page */
  readonly frameAncestors: readonly string[];
  /** undefined: beside the library's module */
  readonly pageFolder: string | undefined;
  /** options of the JSON interface below the page */
  readonly http: TrackstatsHttpModuleOptions;
}

/**
 * Checks the options that shape the module. The path has no slash at its ends; at the root it is ''.
 *
 * @param module the name in an error
 * @throws UnguardedInterfaceError, InvalidHttpOptionsError, InvalidDashboardOptionsError
 */
export function resolveDashboardExtras(given: TrackstatsDashboardModuleExtras, module: string): ResolvedHttpExtras {
  const { path = 'trackstats' } = given;
  if (typeof path !== 'string' || /[?#*:{}\s]/.test(path)) {
    throw new InvalidDashboardOptionsError(
      'path',
      path,
      `Expected where the page is to be, as 'admin/statistics' or '/'.`,
    );
  }
  return { ...resolveHttpExtras({ ...given, path: 'checked' }, module), path: path.replace(/^\/+|\/+$/g, '') };
}

/**
 * Checks the options, fills in the defaults and freezes the result.
 *
 * @throws InvalidDashboardOptionsError, InvalidHttpOptionsError
 */
export function resolveDashboardOptions(given: TrackstatsDashboardModuleOptions): ResolvedDashboardOptions {
  if (!isOptions(given)) {
    throw new InvalidDashboardOptionsError('the options object', given, 'Expected an object; none is {}.');
  }
  const { title = 'Statistics', pageFolder, signInUrl, signOutUrl, frameAncestors = [], ...http } = given;
  if (typeof title !== 'string' || title.trim() === '') {
    throw new InvalidDashboardOptionsError('title', title, 'Expected a text.');
  }
  if (pageFolder !== undefined && (typeof pageFolder !== 'string' || pageFolder === '')) {
    throw new InvalidDashboardOptionsError('pageFolder', pageFolder, 'Expected a folder.');
  }
  resolveHttpOptions(http, true, ['title', 'signInUrl', 'signOutUrl', 'frameAncestors', 'pageFolder']);
  return Object.freeze({
    title,
    signInUrl: addressIn('signInUrl', signInUrl),
    signOutUrl: addressIn('signOutUrl', signOutUrl),
    frameAncestors: ancestorsIn(frameAncestors),
    pageFolder,
    http,
  });
}

/** An address of http, absolute or relative: a link to `javascript:` would run it. */
function addressIn(option: string, given: unknown): string | undefined {
  if (given === undefined || (typeof given === 'string' && given !== '' && isHttp(given))) return given;
  throw new InvalidDashboardOptionsError(
    option,
    given,
    `Expected the address of a page, as '/logout' or 'https://login.example.org'.`,
  );
}

function isHttp(address: string): boolean {
  return URL.canParse(address, 'http://here') && /^https?:$/.test(new URL(address, 'http://here').protocol);
}

function ancestorsIn(given: unknown): readonly string[] {
  if (Array.isArray(given) && given.every((one) => one === 'self' || isOrigin(one))) return [...(given as string[])];
  throw new InvalidDashboardOptionsError(
    'frameAncestors',
    given,
    `Expected origins, as ['self', 'https://admin.example.org'].`,
  );
}

function isOrigin(given: unknown): boolean {
  return typeof given === 'string' && URL.canParse(given) && new URL(given).origin === given && isHttp(given);
}

/** The checked options of one registration of the dashboard. */
export const DASHBOARD_OPTIONS = Symbol('trackstats dashboard options');

/** The controller of one registration, with its path. */
export const DASHBOARD_CONTROLLER = Symbol('trackstats dashboard controller');
