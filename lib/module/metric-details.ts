import { outdatedDetails, updateDetails } from '../catalog/catalog.store.js';
import { Cancellation } from '../database/cancellation.js';
import type { Database } from '../database/database.js';
import { messageOf } from '../errors/error-message.js';

/**
 * Milliseconds that a start waits for the row of a metric. On MySQL and MariaDB, a run of another process that inserts
 * its statistics keeps the row locked until it ends.
 */
const LONGEST_WAIT = 1_000;

/**
 * Stores the unit, `better` and `gauge` that the application defines for metrics that are stored already, with others or
 * without.
 *
 * @returns a warning if that fails, as for a session that may only read. The application can do without
 */
export async function storeDetails(database: Database): Promise<string | null> {
  const outdated = await database.read(() => outdatedDetails(database));
  if (outdated.length === 0) return null;
  const onTimeout = (): Error => new Error('Another transaction has locked their rows.');
  try {
    await Cancellation.of({ timeout: LONGEST_WAIT, onTimeout }, (cancellation) =>
      database.transaction(() => updateDetails(database), { cancellation }),
    );
    return null;
  } catch (error) {
    const keys = outdated.map(({ metric }) => metric.key).join(', ');
    return (
      `The unit, \`better\` or \`gauge\` of ${keys} is not stored as it is defined. ${messageOf(error)} ` +
      `The next start tries again, or call MetricService.register with the definition.`
    );
  }
}
