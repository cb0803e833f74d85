import { Inject, Injectable, Optional, type Type } from '@nestjs/common';
import type { DiscoveryService, ModulesContainer } from '@nestjs/core';
import { DataSourceMismatchError, DuplicateModuleError, MissingModuleError } from '../errors/module.error.js';
import type { AbstractStatistic } from '../statistics/tables/abstract-statistic.js';
import { valueOf } from '../tracking/definition/provider.js';

/** The arguments of `forRoot` or `forFeature`. */
export interface Registration {
  readonly statistics: readonly Type<AbstractStatistic>[];
  readonly dataSource: string;
  /** place of the call in the application's source */
  readonly calledAt: string;
}

export const ROOT: unique symbol = Symbol('trackstats root');
export const FEATURE: unique symbol = Symbol('trackstats feature');

interface Registered extends Registration {
  /** the modules that import it */
  readonly places: readonly string[];
}

/** Returns the registrations of one kind in an application. */
export function findRegistrations(
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

// reads the decorator, because Nest's list of a module's imports contains every global module
function placesOf(registration: Registration, modules: ModulesContainer): readonly string[] {
  const importers = [...modules.values()].filter(({ metatype }) => {
    const imports = (Reflect.getMetadata('imports', metatype) ?? []) as unknown[];
    return imports.some((imported) => contains(registration, imported));
  });
  return importers.length === 0 ? ['the application'] : importers.map(({ name }) => name);
}

/** True if an imported module contains a registration, or imports one that does. Runs no code of other modules. */
function contains(registration: Registration, imported: unknown): boolean {
  const [imports, providers] = ['imports', 'providers'].map((name) => valueOf(imported, name));
  return (
    (Array.isArray(providers) && providers.some((provider) => valueOf(provider, 'useValue') === registration)) ||
    (Array.isArray(imports) && imports.some((inner) => contains(registration, inner)))
  );
}

/**
 * Checks that the module is imported only once.
 *
 * @throws DuplicateModuleError
 */
export function checkRegistrations(discovery: DiscoveryService, modules: ModulesContainer): void {
  const roots = findRegistrations(ROOT, discovery, modules);
  if (roots.length > 1)
    throw new DuplicateModuleError(roots.map(({ places, calledAt }) => `${places.join(', ')} (${calledAt})`));
}

/** Returns all custom statistics that the application registers. */
export function registeredStatistics(
  discovery: DiscoveryService,
  modules: ModulesContainer,
): readonly Type<AbstractStatistic>[] {
  const all = [...findRegistrations(ROOT, discovery, modules), ...findRegistrations(FEATURE, discovery, modules)];
  return [...new Set(all.flatMap(({ statistics }) => statistics))];
}

/** Checks a feature module before Nest creates providers whose error would not name the cause. */
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
