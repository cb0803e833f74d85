import type { DiscoveryService } from '@nestjs/core';
import { DataSource } from 'typeorm';

/** The data sources among the providers of the application. */
export class DataSourceDiscovery {
  private kept: readonly DataSource[] | null = null;

  constructor(private readonly discovery: DiscoveryService) {}

  all(): readonly DataSource[] {
    if (this.kept !== null) return this.kept;
    const found = this.discovery
      .getProviders()
      .map((provider): unknown => (provider.isAlias ? null : provider.instance));
    return found.filter((instance): instance is DataSource => instance instanceof DataSource);
  }

  /** From now on there are no others: every provider has been made. */
  keep(): void {
    this.kept = this.all();
  }
}
