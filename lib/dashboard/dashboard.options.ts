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

/** What the dashboard shows, and how much of it; who may see it stands in the extras. */
export interface TrackstatsDashboardModuleOptions extends TrackstatsHttpModuleOptions {
  /** what the page calls itself, in its head and its tab. @default 'Statistics' */
  title?: string | undefined;
}

/** What shapes the module; with `forRootAsync` it stands beside the factory. */
export interface TrackstatsDashboardModuleExtras extends Omit<TrackstatsHttpModuleExtras, 'path'> {
  /** where the page is, behind the application's global prefix; '/': at its root. @default 'trackstats' */
  path?: string | undefined;
}

type NoExtras = { [K in keyof TrackstatsDashboardModuleExtras]?: undefined };

/** Options of the dashboard that a factory makes; what mounts it stands beside the factory. */
export type TrackstatsDashboardModuleAsyncOptions = TrackstatsDashboardModuleExtras & {
  /** makes the options of what `inject` names */
  useFactory: (
    ...args: any[] // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever `inject` names
  ) => (TrackstatsDashboardModuleOptions & NoExtras) | Promise<TrackstatsDashboardModuleOptions & NoExtras>;
  inject?: FactoryProvider['inject'] | undefined;
};

/** The options with every default filled in. */
export interface ResolvedDashboardOptions {
  readonly title: string;
  /** what the JSON interface below the page is made with */
  readonly http: TrackstatsHttpModuleOptions;
}

/**
 * Checks what shapes the module. The path has no slash at its ends; at the root it is ''.
 *
 * @param module what an error names
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
  return { ...resolveHttpExtras({ ...given, path: 'checked above' }, module), path: path.replace(/^\/+|\/+$/g, '') };
}

/**
 * Checks the options, fills in the defaults and freezes the result.
 *
 * @throws InvalidDashboardOptionsError, InvalidHttpOptionsError
 */
export function resolveDashboardOptions(given: TrackstatsDashboardModuleOptions): ResolvedDashboardOptions {
  if (!isOptions(given)) {
    throw new InvalidDashboardOptionsError('the options', given, 'Expected an object; none is {}.');
  }
  const { title = 'Statistics', ...http } = given;
  if (typeof title !== 'string' || title.trim() === '') {
    throw new InvalidDashboardOptionsError('title', title, 'Expected a text.');
  }
  resolveHttpOptions(http);
  return Object.freeze({ title, http });
}
