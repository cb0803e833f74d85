import {
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  defineRatio,
  DefinitionConflictError,
  DerivedMetricError,
  Period,
  Track,
} from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { closeApplications, Order, QUIET, start } from './application.js';

const SHOP = defineDomain({ ref: 'split' });
const PAID = defineMetric({ domain: SHOP, ref: 'paid' });
const PLACED = defineMetric({ domain: SHOP, ref: 'placed' });
const RATE = defineRatio({ domain: SHOP, ref: 'rate', of: PAID, per: PLACED });

const OPTIONS = { source: Order, dateField: 'createdAt', period: Period.DAY } as const;

@Track({ ...OPTIONS, metric: PAID, where: { status: 'paid' } })
class PaidTracker extends CountObjectsByDateTracker {}

@Track({ ...OPTIONS, metric: PLACED })
class PlacedTracker extends CountObjectsByDateTracker {}

@Track({ ...OPTIONS, metric: RATE })
class RateTracker extends CountObjectsByDateTracker {}

@Track({ ...OPTIONS, metric: 'split/rate' })
class RateByKeyTracker extends CountObjectsByDateTracker {}

@Track({ ...OPTIONS, metrics: [{ metric: PLACED }, { metric: RATE, where: { status: 'paid' } }] })
class SeveralTracker extends CountObjectsByDateTracker {}

afterEach(closeApplications);
afterEach(() => {
  QUIET.warn = () => undefined;
});

describe('derived metrics at start', () => {
  it('whose parts different trackers compute are named, with what to do', async () => {
    const warnings: string[] = [];
    QUIET.warn = (message: unknown) => {
      warnings.push(String(message));
    };
    await start({ providers: [PaidTracker, PlacedTracker] });
    expect(warnings.filter((text) => text.includes('split/rate'))).toEqual([
      expect.stringMatching(
        /split\/paid, which the tracker PaidTracker computes.*metrics: \[{ metric: 'split\/p[a-z]+' }, /,
      ),
    ]);
  });

  it('whose parts one tracker computes are not', async () => {
    const warnings: string[] = [];
    QUIET.warn = (message: unknown) => {
      warnings.push(String(message));
    };
    await start({ providers: [PaidTracker] });
    expect(warnings.filter((text) => text.includes('split/rate'))).toEqual([]);
  });

  it.each([RateTracker, RateByKeyTracker, SeveralTracker])('are not what a tracker computes (%p)', async (tracker) => {
    await expect(start({ providers: [tracker] })).rejects.toThrow(DerivedMetricError);
  });

  it('are not stored under their key', async () => {
    const database = { type: 'better-sqlite3', database: ':memory:', synchronize: true } as const;
    const module = await start({ database });
    const dataSource = module.get(DataSource);
    await dataSource.query(`INSERT INTO trackstats_domain (ref, name) VALUES ('split', 'Split')`);
    await dataSource.query(`INSERT INTO trackstats_metric (domain_id, ref, name) VALUES (1, 'rate', 'Rate')`);
    const { checkDerivedMetrics } = await import('../../lib/module/derived-metrics.check.js');
    const { Database } = await import('../../lib/database/database.js');
    const { StatisticOwners } = await import('../../lib/statistics/tables/owners.js');
    const checking = checkDerivedMetrics(module.get(Database), new StatisticOwners());
    await expect(checking).rejects.toThrow(DefinitionConflictError);
  });
});
