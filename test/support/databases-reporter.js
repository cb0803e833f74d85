import { currentRun } from './servers.js';

/** Prints at the end of a run which databases it ran on. */
export default class DatabasesReporter {
  onRunComplete() {
    const run = currentRun();
    if (!run) return;
    const { found, missing } = run;
    const lines = [`Databases: ${found.map(({ product, version }) => `${product} ${version}`).join(', ')}`];
    for (const { kind, reason } of missing) lines.push(`           without ${kind} (${reason})`);
    process.stderr.write(`\n${lines.join('\n')}\n`);
  }
}
