import type { InjectionToken } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { PartWithoutModuleError } from '../errors/optional-part.error.js';

/**
 * Returns a provider of TrackstatsModule for an optional part. It looks the provider up instead of injecting it, so
 * that it is found even if that module is not global, and so that the error says if the module is missing.
 *
 * @param part the module that needs it
 * @throws PartWithoutModuleError
 */
export function provided<T>(moduleRef: Pick<ModuleRef, 'get'>, token: InjectionToken<T>, part: string): T {
  try {
    return moduleRef.get<T>(token, { strict: false });
  } catch {
    throw new PartWithoutModuleError(part); // ModuleRef's way to say that there is none
  }
}
