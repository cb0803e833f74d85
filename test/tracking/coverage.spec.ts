import { defineDomain, defineMetric } from '../../lib/catalog/definitions.js';
import { Coverage } from '../../lib/coverage/coverage.entity.js';
import { Period } from '../../lib/time/period.js';
import { Member, Payment, store } from '../properties/payments.js';
import { describeOnEachDatabase } from '../support/databases.js';
import { definitionOf, Engine, TRACKSTATS_ENTITIES } from '../support/engine.js';

const NOW = new Date('2026-11-20T12:00:00Z');

describeOnEachDatabase('what is covered', (database) => {
  const definition = definitionOf({
    metric: defineMetric({ domain: defineDomain({ ref: 'covered' }), ref: 'payments' }),
    dateField: 'at',
    periods: [Period.DAY],
    lookback: 30,
  });

  test('begins with the source, and moves back only to rows that come late', async () => {
    const engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, Member, Payment] }));
    const covered = async (): Promise<unknown> => {
      await engine.run(definition, Payment, { now: NOW });
      const [row] = await engine.dataSource.getRepository(Coverage).find();
      return [row?.from, row?.through];
    };
    expect(await covered()).toEqual(['2026-11-20', '2026-11-20']);
    expect(await covered()).toEqual(['2026-11-20', '2026-11-20']);
    await store(engine.dataSource, [{ id: 1, at: Date.parse('2026-11-11T10:00:00Z'), user: null, amount: null }]);
    expect(await covered()).toEqual(['2026-11-11', '2026-11-20']);
    await store(engine.dataSource, []);
    expect(await covered()).toEqual(['2026-11-11', '2026-11-20']);
  });

  test('stays that of the same zone by another name, and is refused to another zone', async () => {
    await database.reset();
    const engine = await Engine.on(await database.open({ entities: [...TRACKSTATS_ENTITIES, Member, Payment] }));
    const run = (timeZone: string): Promise<unknown> => engine.run({ ...definition, timeZone }, Payment, { now: NOW });
    await store(engine.dataSource, [{ id: 1, at: Date.parse('2026-11-11T10:00:00Z'), user: null, amount: null }]);
    await run('Asia/Calcutta');
    for (const name of ['Asia/Kolkata', 'asia/kolkata', 'Asia/Calcutta'])
      expect(await run(name)).toMatchObject({ written: 0, removed: 0 });
    await expect(run('Asia/Colombo')).rejects.toMatchObject({ code: 'TRACKSTATS_DEFINITION_CHANGED' });
  });
});
