import type { TransferFormat } from 'nestjs-trackstats/transfer';
import { describeOnEachDatabase } from '../support/databases.js';
import { setup } from '../statistics/setup.js';
import { canonicalExport } from './canonical.js';
import { exported, transferOf } from './setup.js';

/** The long form, of a million rows, is in test/soak/transfer.spec.ts. */
describeOnEachDatabase('an export', (here) => {
  describeOnEachDatabase('imported into another database and exported again', (there) => {
    it.each<TransferFormat>(['csv', 'jsonl'])('is the same as %s, byte for byte', async (format) => {
      const expected = [...canonicalExport(format, 3, 500)].join('');
      const first = transferOf(await setup(here));
      const second = transferOf(await setup(there));
      await first.import(canonicalExport(format, 3, 500), { format });
      const stream = await first.export({ objects: 'all' }, { format });
      expect(await second.import(stream, { format })).toMatchObject({ rows: 1_500 });
      const found = await exported(second, { objects: 'all' }, format);
      expect(found === expected).toBe(true); // no difference of megabytes is shown
    });
  });
});
