import { DefaultNamingStrategy } from 'typeorm';
import type { TestDatabase } from '../../support/databases.js';
import { Engine, TIME_ENTITIES, TRACKSTATS_ENTITIES } from '../../support/engine.js';
import fc from '../../support/fast-check.js';
import { ByText, ByTextAndTime, type DrawnTrial, drawnTrial, type OtherJudge, Trial } from './laws.js';

const SCHEMA = 'Own schema';

/** Returns the schemas of a seed. */
export function trialsOf(seed: number, numRuns: number): DrawnTrial[] {
  return fc.sample(drawnTrial, { seed, numRuns });
}

/** Checks schemas beside each other in one database, which is faster than one database for each. */
export async function checkTrials(
  database: TestDatabase,
  drawn: readonly DrawnTrial[],
  options: { entityPrefix?: string } = {},
  otherJudge?: OtherJudge,
): Promise<void> {
  if (database.kind === 'postgres') await database.createSchema(SCHEMA);
  const trials = drawn.map(
    (one, group) => new Trial(database.kind, one, group, database.kind === 'postgres' ? SCHEMA : undefined, otherJudge),
  );
  const sources = trials.flatMap(({ entities }) => entities);
  const common = { ...options, namingStrategy: new DefaultNamingStrategy() };
  const statistics = [...TRACKSTATS_ENTITIES, ...TIME_ENTITIES, ByText, ByTextAndTime];
  const one = await database.open({ ...common, entities: [...statistics, ...sources] });
  const engines = {
    one: await Engine.on(one),
    distributed: database.kind === 'postgres' ? await Engine.on(one, one, true) : null,
    split: () => splitEngine(sources),
  };
  let split: Promise<Engine> | undefined;

  function splitEngine(entities: typeof sources): Promise<Engine> {
    const opened = async (): Promise<Engine> => {
      const here = await database.open({ ...common, entities: statistics, synchronize: false });
      return Engine.on(here, await database.open({ ...common, entities, synchronize: false }));
    };
    split ??= opened();
    return split;
  }

  for (const trial of trials) {
    try {
      await trial.check(engines);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n\nof ${fc.stringify(trial.drawn)}`, { cause: error });
    }
  }
}
