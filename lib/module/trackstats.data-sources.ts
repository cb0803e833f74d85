import { types } from 'node:util';
import type { DiscoveryService } from '@nestjs/core';
import { DataSource } from 'typeorm';
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
  const isToken = token === DataSource || (typeof token === 'string' && token.endsWith('DataSource'));
  return isToken && host?.providers.has('TypeOrmModuleOptions') === true;
}
