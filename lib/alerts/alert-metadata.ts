import { types } from 'node:util';
import type { Type } from '@nestjs/common';
import { InvalidAlertError } from '../errors/alert.error.js';
import { shown } from '../errors/trackstats.error.js';
import { isOptions } from '../validation/check.js';

/** The decorator that declares an alert. */
export type AlertDecorator = 'OnStatistic' | 'OnTracker';

/** The options of a decorator as they were given. They are checked when the application starts. */
export interface GivenAlert {
  readonly decorator: AlertDecorator;
  readonly options: Readonly<Record<string, unknown>>;
}

/** By class, and there by the name of the method, which stays even if another decorator replaces the function. */
const alerts = new WeakMap<object, Map<string | symbol, GivenAlert[]>>();
/** the classes of this process, referenced weakly */
const declaring: WeakRef<object>[] = [];

/**
 * Keeps the options of a decorated method.
 *
 * @throws InvalidAlertError
 */
export function keepAlert(decorator: AlertDecorator, target: object, key: string | symbol, options: unknown): void {
  if (typeof target === 'function') {
    throw new InvalidAlertError(
      `${target.name}.${String(key)}`,
      `@${decorator} is on a static method. Move it to an instance method.`,
    );
  }
  if (!isOptions(options)) {
    throw new InvalidAlertError(
      `${target.constructor.name}.${String(key)}`,
      `@${decorator} has ${shown(options)}. Expected an object of options: @${decorator}({ ${decorator === 'OnStatistic' ? 'metric, when: below(10)' : "when: 'failed'"} }).`,
    );
  }
  let ofClass = alerts.get(target.constructor);
  if (ofClass === undefined) {
    ofClass = new Map();
    alerts.set(target.constructor, ofClass);
    declaring.push(new WeakRef(target.constructor));
  }
  // decorators are applied from the last to the first
  ofClass.set(key, [{ decorator, options }, ...(ofClass.get(key) ?? [])]);
}

/** Returns every class that this process has loaded with an alert on a method of its own. */
export function classesWithAlerts(): readonly Type[] {
  return declaring.map((reference) => reference.deref() as Type | undefined).filter((type) => type !== undefined);
}

/**
 * Returns the alerts of a class by method, including those of its base classes, as Nest finds `@OnEvent`. A method that
 * overrides one needs a decorator of its own.
 */
export function alertsOf(type: Type): ReadonlyMap<string | symbol, readonly GivenAlert[]> {
  const found = new Map<string | symbol, readonly GivenAlert[]>();
  const methods = new Set<string | symbol>();
  for (let next: unknown = type; isClass(next); next = Object.getPrototypeOf(next)) {
    for (const [method, given] of alerts.get(next) ?? []) if (!methods.has(method)) found.set(method, given);
    for (const method of Reflect.ownKeys(next.prototype as object)) methods.add(method);
  }
  return found;
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function' && !types.isProxy(value) && value !== Function.prototype;
}
