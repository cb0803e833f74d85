import { types } from 'node:util';
import type { DynamicModule, FactoryProvider, InjectionToken, Type } from '@nestjs/common';
import { ModulesContainer, type DiscoveryService } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { UninitializedDataSourceError } from '../errors/database.error.js';
import { MissingDataSourceError } from '../errors/module.error.js';
import { valueOf, type Provider } from '../tracking/definition/provider.js';

/** Finds the data sources among the providers of the application. */
export class DataSourceDiscovery {
  private found: readonly DataSource[] | null = null;

  constructor(private readonly discovery: DiscoveryService) {}

  all(): readonly DataSource[] {
    if (this.found !== null) return this.found;
    return this.discovery
      .getProviders()
      .filter(isDataSource)
      .map(({ instance }) => instance as DataSource);
  }

  /** Keeps the list from now on. Call it once every provider has been created. */
  freeze(): void {
    this.found = this.all();
  }
}

function isDataSource(provider: Provider): boolean {
  const instance: unknown = provider.instance;
  if (provider.isAlias) return false;
  if (types.isProxy(instance)) return isOfTypeOrmModule(provider);
  // as TypeORM checks it, because the application may have two copies of TypeORM, and so two classes
  return valueOf(instance, '@instanceof') === Symbol.for('DataSource');
}

/**
 * True if TypeOrmModule.forRoot provides it under the token of a data source. Recognizes a data source that a tool has
 * wrapped in a proxy.
 */
function isOfTypeOrmModule({ token, host }: Provider): boolean {
  return isDataSourceToken(token) && host?.providers.has('TypeOrmModuleOptions') === true;
}

function isDataSourceToken(token: unknown): boolean {
  return token === DataSource || (typeof token === 'string' && token.endsWith('DataSource'));
}

/**
 * Registers entities as TypeOrmModule.forFeature does. If the data source does not exist, the error names the option,
 * where Nest's names tokens that the application has not written.
 */
export function repositoriesOf(entities: readonly Type[], dataSource: string): DynamicModule {
  const module = TypeOrmModule.forFeature([...entities], dataSource);
  const providers = module.providers?.map((provider) => {
    const { inject, useFactory, ...rest } = provider as FactoryProvider;
    // as long as they need the data source and nothing else
    return inject?.length === 1 ? { ...rest, ...withDataSource(dataSource, useFactory) } : provider;
  });
  return { ...module, ...(providers !== undefined && { providers }) };
}

/** Returns the parts of a provider that is made of a data source. */
export function withDataSource<T>(
  name: string,
  make: (dataSource: DataSource) => T,
): Pick<FactoryProvider<T>, 'inject' | 'useFactory'> {
  const token = getDataSourceToken(name) as InjectionToken;
  return {
    inject: [{ token, optional: true }, ModulesContainer],
    useFactory: (dataSource: DataSource | undefined, modules: ModulesContainer) => {
      if (dataSource !== undefined) return make(dataSource);
      const found = [...modules.values()].map(({ providers }) => providers);
      // Nest 11 leaves out an optional dependency that could not connect, too
      if (found.some((providers) => providers.has(token))) throw new UninitializedDataSourceError(name);
      const ofTypeOrm = found.filter((providers) => providers.has('TypeOrmModuleOptions'));
      const tokens = ofTypeOrm.flatMap((providers) => [...providers.keys()].filter(isDataSourceToken));
      throw new MissingDataSourceError(
        name,
        tokens.map((one) => (typeof one === 'string' ? one.replace(/DataSource$/, '') : 'default')),
      );
    },
  };
}
