import type { InjectionToken } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { MissingModuleError } from '../errors/module.error.js';

/**
 * Returns a provider of TrackstatsModule for an optional part. It looks the provider up instead of injecting it, so
 * that it is found even if that module is not global, and so that the error says if the module is missing.
 *
 * @param part what needs it, for the message
 * @throws MissingModuleError
 */
export function provided<T>(application: Pick<ModuleRef, 'get'>, token: InjectionToken<T>, part: string): T {
  try {
    return application.get<T>(token, { strict: false });
  } catch {
    throw new MissingModuleError(part); // that it throws is how Nest says that there is none
  }
}
