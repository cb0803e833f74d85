import { Inject, Injectable, Optional, type Type } from '@nestjs/common';
import type { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { DataSourceMismatchError, DuplicateModuleError, MissingModuleError } from '../errors/module.error.js';
import type { AbstractStatistic } from '../statistics/tables/abstract-statistic.js';
import { valueOf } from '../tracking/definition/provider.js';

/** The arguments of `forRoot` or `forFeature`. */
export interface Registration {
  readonly statistics: readonly Type<AbstractStatistic>[];
  readonly dataSource: string;
  /** where in the application's source */
  readonly calledAt: string;
}

export const ROOT: unique symbol = Symbol('trackstats root');
export const FEATURE: unique symbol = Symbol('trackstats feature');

interface Registered extends Registration {
  /** the modules that import it */
  readonly places: readonly string[];
}

/** Looks for the registrations of one kind in an application. */
export function registrations(
  token: typeof ROOT | typeof FEATURE,
  discovery: DiscoveryService,
  modules: ModulesContainer,
): readonly Registered[] {
  return discovery
    .getProviders()
    .filter((provider) => provider.token === token)
    .map((provider) => {
      const registration = provider.instance as Registration;
      return { ...registration, places: placesOf(registration, modules) };
    });
}

// not Nest's own list of a module's imports: it has every global module in it
function placesOf(registration: Registration, modules: ModulesContainer): readonly string[] {
  const importers = [...modules.values()].filter(({ metatype }) => {
    const imports = (Reflect.getMetadata('imports', metatype) ?? []) as unknown[];
    return imports.some((imported) => isOf(registration, imported));
  });
  return importers.length === 0 ? ['the application'] : importers.map(({ name }) => name);
}

/** True if an imported module registers it, or imports one that does. Runs no code of modules that are not ours. */
function isOf(registration: Registration, imported: unknown): boolean {
  const [imports, providers] = ['imports', 'providers'].map((name) => valueOf(imported, name));
  return (
    (Array.isArray(providers) && providers.some((provider) => valueOf(provider, 'useValue') === registration)) ||
    (Array.isArray(imports) && imports.some((inner) => isOf(registration, inner)))
  );
}

/**
 * Checks that the module is there once.
 *
 * @throws DuplicateModuleError
 */
export function checkRegistrations(discovery: DiscoveryService, modules: ModulesContainer): void {
  const roots = registrations(ROOT, discovery, modules);
  if (roots.length > 1)
    throw new DuplicateModuleError(roots.map(({ places, calledAt }) => `${places.join(', ')} (${calledAt})`));
}

/** Every custom statistic that the application registers. */
export function registeredStatistics(
  discovery: DiscoveryService,
  modules: ModulesContainer,
): readonly Type<AbstractStatistic>[] {
  const all = [...registrations(ROOT, discovery, modules), ...registrations(FEATURE, discovery, modules)];
  return [...new Set(all.flatMap(({ statistics }) => statistics))];
}

/** Says what is wrong with a feature module before anything is made that would fail without saying why. */
@Injectable()
export class FeatureCheck {
  constructor(
    @Inject(FEATURE) { statistics, dataSource, calledAt }: Registration,
    @Optional() @Inject(ROOT) root: Registration | undefined,
  ) {
    if (root === undefined) {
      throw new MissingModuleError(`TrackstatsModule.forFeature([${namesOf(statistics).join(', ')}]) (${calledAt})`);
    }
    if (dataSource !== root.dataSource) {
      throw new DataSourceMismatchError(namesOf(statistics), dataSource, root.dataSource);
    }
  }
}

function namesOf(statistics: readonly Type<AbstractStatistic>[]): string[] {
  return statistics.map(({ name }) => name);
}
