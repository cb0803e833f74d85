/** What the build scripts share: they build only what is older than its sources. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** True if a file is there, and is no older than any of its sources. */
export function isCurrent(file, sources) {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
  return sources.every((source) => statSync(source).mtimeMs <= written);
}

/**
 * Runs a build script in a process of its own: jest's modules cannot load Vite's native parts, and most starts have
 * nothing to build.
 */
export function runScript(script, target, what) {
  const { status, stderr } = spawnSync(process.execPath, [script, target], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${what} was not built: ${stderr}`);
}
