import { Logger } from '@nestjs/common';
import { describeOnDatabase } from '../support/databases.js';
import { SIMULATED_ENTITIES } from './shop.js';
import { SimulatedDatabase } from './simulated-database.js';

/** Runs a describe with the database of simulated worlds. */
export function describeSimulation(title: string, body: (database: () => SimulatedDatabase) => void): void {
  describeOnDatabase('sqlite', title, (file) => {
    let database: SimulatedDatabase;
    beforeAll(async () => {
      // failures are what is simulated
      Logger.overrideLogger(false);
      database = await SimulatedDatabase.on(file.options({ entities: [...SIMULATED_ENTITIES] }));
    });
    beforeEach(() => {
      database.clear();
    });
    afterAll(async () => {
      await database.close();
      Logger.overrideLogger(undefined as never);
    });
    body(() => database);
  });
}
