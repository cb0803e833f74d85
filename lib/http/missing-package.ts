/** True if an import failed because a package is not installed. A broken package is an error to show. */
export function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return isNotFound && typeof message === 'string' && message.includes(`'${name}`);
}
