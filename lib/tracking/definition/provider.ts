import { types } from 'node:util';
import type { Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';

/** A provider or controller as Nest stores it. */
export type Provider = ReturnType<DiscoveryService['getProviders']>[number];

// Most providers of an application are not ours. To read a property of one may run a getter that throws, or spring the
// trap of a proxy that knows no request yet (nestjs-cls) or answers every property (createMock). So these functions ask
// Nest for what it keeps, and of an instance its prototypes and own descriptors, which run no code. A proxy is not
// asked at all: there even its prototype is a trap's answer.

/** Returns the class of a provider. Returns null if it has none, or if only a proxy knows it. */
export function classOf({ instance, isNotMetatype, metatype }: Provider): Type | null {
  if (!isNotMetatype) return metatype as Type;
  const prototype = prototypesOf(instance).find((candidate) => valueOf(candidate, 'constructor') !== undefined);
  const type = prototype === undefined ? undefined : valueOf(prototype, 'constructor');
  return typeof type === 'function' && !types.isProxy(type) ? (type as Type) : null;
}

/**
 * Returns the classes that an application provides, and the tokens: a test may have put another instance in the place of
 * a class.
 */
export function providedTypes(discovery: DiscoveryService): ReadonlySet<unknown> {
  const wrappers = [...discovery.getProviders(), ...discovery.getControllers()];
  return new Set(wrappers.flatMap((wrapper) => [wrapper.token as unknown, classOf(wrapper)]));
}

/** True if a class extends another. */
export function isSubclass(type: Type, base: { readonly prototype: object }): boolean {
  return isInstance(type.prototype, base);
}

/** True if a value is an instance of a class, or was created from its prototype. */
export function isInstance(value: unknown, type: { readonly prototype: object }): boolean {
  return prototypesOf(value).includes(type.prototype);
}

/** Returns an own property of an object, or undefined if it has a getter or the object is a proxy. */
export function valueOf(object: unknown, property: string): unknown {
  return isOrdinary(object) ? Object.getOwnPropertyDescriptor(object, property)?.value : undefined;
}

/** Returns the prototypes of an object, the nearest first, up to one that is a proxy. */
function prototypesOf(value: unknown): object[] {
  const found: object[] = [];
  if (!isOrdinary(value)) return found;
  for (let next = prototypeOf(value); isOrdinary(next); next = prototypeOf(next)) found.push(next);
  return found;
}

function prototypeOf(value: object): unknown {
  return Object.getPrototypeOf(value);
}

function isOrdinary(value: unknown): value is object {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && !types.isProxy(value);
}
