import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import type { LocalDate } from '../../lib/time/local-date.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { Period } from '../../lib/time/period.js';
import { backfilled } from '../../lib/tracking/running/backfill.js';
import type { TrackResult } from '../../lib/tracking/running/track-result.js';
import { Member, Payment, store } from '../properties/payments.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, Engine, TRACKSTATS_ENTITIES, type OneMetric } from '../support/engine.js';

const NOW = new Date('2026-11-20T12:00:00Z');
const TODAY = '2026-11-20';

describeOnEachDatabase('backfill', (database) => {
  let engine: Engine;
  let definition: OneMetric;

  beforeEach(async () => {
    await database.reset();
    engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, Member, Payment] }));
    definition = definitionOf({
      metric: defineMetric({ domain: defineDomain({ ref: 'shop' }), ref: 'payments' }),
      dateField: 'at',
      periods: [Period.DAY, Period.LIFETIME],
    });
  });

  function backfill(
    range: { from: LocalDate; to?: LocalDate; step?: number },
    signal?: AbortSignal,
  ): Promise<TrackResult> {
    const { from, to, step = 100 } = range;
    return backfilled(
      { from, to, today: TODAY, step, after: null },
      ({ range }) => engine.run(definition, Payment, { ...range, now: NOW }),
      { signal },
    );
  }

  async function covered(): Promise<unknown> {
    const rows = await engine.dataSource.getRepository(Coverage).find({ order: { period: 'ASC' } });
    return rows.map(({ from, through }) => [from, through]);
  }

  const row = (id: number, date: string): Parameters<typeof store>[1][number] => ({
    id,
    at: Date.parse(`${date}T10:00:00Z`),
    user: null,
    amount: null,
  });

  test('reaches back over years to before what is covered, in steps', async () => {
    await engine.run(definition, Payment, { now: NOW });
    await store(engine.dataSource, [row(1, '2024-05-05'), row(2, '2025-01-01')]);
    await backfill({ from: '2024-05-05' });
    expect(await covered()).toEqual([
      ['2024-05-05', TODAY],
      ['2024-05-05', TODAY],
    ]);
    expect(await engine.verify(definition, Payment)).toEqual([]);
  });

  test('claims no date that a step has not reached', async () => {
    await engine.run(definition, Payment, { now: NOW });
    await store(engine.dataSource, [row(1, '2024-05-05')]);
    const stop = new AbortController();
    let steps = 0;
    const running = backfilled(
      { from: '2024-05-05', to: undefined, today: TODAY, step: 100, after: null },
      async ({ range }) => {
        const result = await engine.run(definition, Payment, { ...range, now: NOW });
        if (++steps === 3) stop.abort();
        return result;
      },
      { signal: stop.signal },
    );
    await expect(running).rejects.toThrow('aborted');
    expect(await covered()).toEqual([
      [TODAY, TODAY],
      [TODAY, TODAY],
    ]);
    await backfill({ from: '2024-05-05' });
    expect(await engine.verify(definition, Payment)).toEqual([]);
  });

  test('lets timers and signals be heard between its steps, on a driver that is synchronous too', async () => {
    await store(engine.dataSource, [row(1, '2026-01-01')]);
    const stop = new AbortController();
    setTimeout(() => {
      stop.abort();
    });
    await expect(backfill({ from: '2026-01-01', step: 1 }, stop.signal)).rejects.toThrow('aborted');
  });

  test('refuses a range that leaves a gap beside what is covered', async () => {
    await engine.run(definition, Payment, { now: NOW });
    await expect(backfill({ from: '2024-05-05', to: '2024-12-31' })).rejects.toThrow('leaves a gap');
  });

  test('tells its progress to the end', async () => {
    await store(engine.dataSource, [row(1, '2026-01-01')]);
    const fractions: number[] = [];
    await backfilled(
      { from: '2026-01-01', to: undefined, today: TODAY, step: 81, after: null },
      ({ range }) => engine.run(definition, Payment, { ...range, now: NOW }),
      { onProgress: ({ fraction }) => fractions.push(Number(fraction.toFixed(2))) },
    );
    expect(fractions).toEqual([0.25, 0.5, 0.75, 1]);
  });
});
