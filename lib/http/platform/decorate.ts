import type { Type } from '@nestjs/common';
import { InvalidHttpOptionsError } from '../http.error.js';

/**
 * Applies decorators of the application to a controller, as if they were written above it.
 *
 * @throws InvalidHttpOptionsError for one that puts another class in its place
 */
export function decorate(controller: Type, decorators: readonly ClassDecorator[]): void {
  for (const decorator of [...decorators].reverse()) {
    const result: unknown = decorator(controller);
    if (result === undefined || result === controller) continue;
    throw new InvalidHttpOptionsError(
      'decorators',
      decorator,
      'Expected decorators that write metadata; this one returns another class.',
    );
  }
}
