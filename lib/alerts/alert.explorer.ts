import { Scope, type Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { InvalidAlertError } from '../errors/alert.error.js';
import { isMinified } from '../tracking/definition/class-name.js';
import { classOf, isSubclass, type Provider, providedTypes } from '../tracking/definition/provider.js';
import type { AlertCall } from './alert.js';
import { type AlertDecorator, alertsOf, classesWithAlerts, type GivenAlert } from './alert-metadata.js';

/** An alert as its provider declares it. */
export interface DeclaredAlert {
  readonly type: Type;
  readonly method: string | symbol;
  readonly decorator: AlertDecorator;
  readonly options: GivenAlert['options'];
  /** calls the method of the provider */
  readonly call: (argument: AlertCall) => unknown;
}

/**
 * Finds the methods with `@OnStatistic` and `@OnTracker` among the providers and controllers of an application.
 *
 * @throws InvalidAlertError
 */
export function exploreAlerts(discovery: DiscoveryService): DeclaredAlert[] {
  const instances = new Set<unknown>();
  return [...discovery.getProviders(), ...discovery.getControllers()].flatMap((wrapper) => {
    const type = wrapper.isAlias ? null : classOf(wrapper);
    const declared = type === null ? new Map<string, readonly GivenAlert[]>() : alertsOf(type);
    if (type === null || declared.size === 0 || instances.has(wrapper.instance)) return [];
    refuseScopes(type, wrapper);
    instances.add(wrapper.instance);
    const instance = wrapper.instance as Record<string | symbol, (argument: AlertCall) => unknown>;
    return [...declared].flatMap(([method, given]) =>
      given.map((one) => ({ ...one, type, method, call: (argument: AlertCall) => instance[method]?.(argument) })),
    );
  });
}

/**
 * Returns the names of alerts whose class is loaded, but provided by no module, so that they have no effect. They may
 * belong to another application in the same process.
 *
 * @param found the result of `exploreAlerts`: a class of the same name is an earlier version of it that was hot-reloaded
 */
export function unprovidedAlerts(discovery: DiscoveryService, found: readonly DeclaredAlert[]): readonly string[] {
  const provided = providedTypes(discovery);
  const names = classesWithAlerts()
    // those of a class that another extends are found in that one
    .filter((type) => !provided.has(type) && !found.some((other) => isSubclass(other.type, type)))
    .flatMap((type) => [...alertsOf(type).keys()].map((method) => defaultAlertName({ type, method })));
  const effective = new Set(found.map(defaultAlertName));
  return [...new Set(names)].filter((name) => !effective.has(name));
}

/** The names of alerts that come from their classes, and look minified. */
export function minifiedAlerts(found: readonly DeclaredAlert[]): readonly string[] {
  return found.filter(({ type, options }) => options.name === undefined && isMinified(type)).map(defaultAlertName);
}

/**
 * Returns the default name of an alert.
 *
 * @example 'OrderAlerts.fewOrders'
 */
export function defaultAlertName({ type, method }: Pick<DeclaredAlert, 'type' | 'method'>): string {
  return `${type.name}.${String(method)}`;
}

function refuseScopes({ name }: Type, wrapper: Provider): void {
  const isStatic = wrapper.isDependencyTreeStatic();
  if (isStatic && !wrapper.isTransient) return;
  const scope = wrapper.isTransient ? 'TRANSIENT' : 'REQUEST';
  const isItself = wrapper.isTransient || wrapper.scope === Scope.REQUEST;
  throw new InvalidAlertError(
    name,
    `${isItself ? 'the provider' : 'a provider that it injects'} is ${scope} scoped, and its method is called when there is no ` +
      `request. Make it a default (singleton) provider, or inject ModuleRef and resolve what you need in the method.`,
  );
}
