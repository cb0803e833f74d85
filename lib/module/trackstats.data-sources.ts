import { types } from 'node:util';
import type { DiscoveryService } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { valueOf, type Provider } from '../tracking/definition/provider.js';

/** The data sources among the providers of the application. */
export class DataSourceDiscovery {
  private kept: readonly DataSource[] | null = null;

  constructor(private readonly discovery: DiscoveryService) {}

  all(): readonly DataSource[] {
    if (this.kept !== null) return this.kept;
    return this.discovery
      .getProviders()
      .filter(isDataSource)
      .map(({ instance }) => instance as DataSource);
  }

  /** From now on there are no others: every provider has been made. */
  keep(): void {
    this.kept = this.all();
  }
}

function isDataSource(provider: Provider): boolean {
  const instance: unknown = provider.instance;
  if (provider.isAlias) return false;
  if (types.isProxy(instance)) return isOfTypeOrmModule(provider);
  // as TypeORM itself does: the application may have two copies of it, and so two classes
  return valueOf(instance, '@instanceof') === Symbol.for('DataSource');
}

/** True if TypeOrmModule.forRoot provides it under the token of a data source. Tools that watch providers wrap it. */
function isOfTypeOrmModule({ token, host }: Provider): boolean {
  const isToken = token === DataSource || (typeof token === 'string' && token.endsWith('DataSource'));
  return isToken && host?.providers.has('TypeOrmModuleOptions') === true;
}
