import type { InjectionToken } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { PartWithoutModuleError } from '../errors/optional-part.error.js';

/**
 * What TrackstatsModule provides, for an optional part. It is looked up and not injected: so it is found where that
 * module is not global, and where there is none the error says so.
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
