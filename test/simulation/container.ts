import type { FactoryProvider, InjectionToken, Provider } from '@nestjs/common';

/** Creates the providers of a module, in a thousandth of the time that Nest needs for an application. */
export class Container {
  private readonly created: Map<unknown, unknown>;
  private readonly factories: ReadonlyMap<unknown, FactoryProvider>;

  /** @param given instances that take the place of providers */
  constructor(providers: readonly Provider[], given: readonly [unknown, unknown][]) {
    this.created = new Map(given);
    this.factories = new Map(
      providers.map((provider) => [(provider as FactoryProvider).provide, provider as FactoryProvider]),
    );
  }

  get<T>(token: InjectionToken<T>): T {
    if (!this.created.has(token)) {
      const factory = this.factories.get(token);
      if (factory === undefined) throw new Error(`There is no provider ${String(token)}.`);
      const dependencies = (factory.inject ?? []).map((dependency) =>
        this.get(typeof dependency === 'object' && 'token' in dependency ? dependency.token : dependency),
      );
      this.created.set(token, factory.useFactory(...dependencies));
    }
    return this.created.get(token) as T;
  }
}
