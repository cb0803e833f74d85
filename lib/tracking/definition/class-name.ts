import type { Type } from '@nestjs/common';

/** Minifiers give the thousands of names in a bundle one to three characters. */
const LONGEST_MINIFIED = 3;

/** Nest's `mixin` replaces the name of a class by 21 hexadecimal digits, which are others in each process. */
const OF_MIXIN = /^[\da-f]{21}$/;

/** True if a class looks as a minifier writes it, so that the next build may give its name to another class. */
export function isMinified(type: Type): boolean {
  if (type.name.length > LONGEST_MINIFIED) return false;
  // an honest short name, such as Job, has the space that a minifier removes: class Job extends CountObjectsByDateTracker {
  return !/^class[^{]*\s\{/.test(Function.prototype.toString.call(type));
}

/** Returns why nothing that is stored can go by the name of a class; null if it can. */
export function randomName(type: Type): string | null {
  if (!OF_MIXIN.test(type.name)) return null;
  return 'its class has the random name that mixin() of Nest gives it, which is another one in each process';
}
