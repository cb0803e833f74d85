import { SchedulerRegistry } from '@nestjs/schedule';
import type { TestingModule } from '@nestjs/testing';
import { defineDomain, defineMetric, Track, TrackerEvents, TrackerService, type TrackerEvent } from 'nestjs-trackstats';
import { DataSource } from 'typeorm';
import { TrackerState } from '../../lib/execution/run-tables.js';
import { closeApplications, start } from '../module/application.js';
import { describeOnEachDatabase } from '../support/databases.js';

const SHOP = defineDomain({ ref: 'shop' });
const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
const HOUR = 3_600_000;

/** What the method waits for; replaced by tests. */
let visit: () => Promise<void> = () => Promise.resolve();

class Visits {
  @Track({ metric: VISITS, every: '1 hour', name: 'visits' })
  async visits(): Promise<number> {
    await visit();
    return 1;
  }
}

function slotNow(): number {
  return Math.floor(Date.now() / HOUR) * HOUR;
}

/** Fires the tracker's job for a slot, as its timer would. */
async function tick(module: TestingModule, slot: number): Promise<void> {
  const job = module.get(SchedulerRegistry, { strict: false }).getCronJob('visits') as unknown as {
    slot: Date | null;
    fireOnTick(): Promise<void>;
  };
  job.slot = new Date(slot);
  await job.fireOnTick();
}

/** Resolves when a run of a slot has ended. */
function finished(module: TestingModule, slot: number): Promise<TrackerEvent> {
  return new Promise((resolve) => {
    module.get(TrackerEvents).on('finished', (event) => {
      if (event.slot?.getTime() === slot) resolve(event);
    });
  });
}

describeOnEachDatabase('a slot that comes while the one before it is run', (database) => {
  afterEach(async () => {
    visit = () => Promise.resolve();
    await closeApplications();
    await database.clear();
  });

  const shop = (): Promise<TestingModule> =>
    start({ database: database.options(), providers: [Visits], trackstats: { scheduling: { lockAtMostFor: 1000 } } });

  it('is run, once, when that has ended', async () => {
    const module = await shop();
    let [began, open] = [(): void => undefined, (): void => undefined];
    const hasBegun = new Promise<void>((resolve) => (began = resolve));
    visit = () => {
      began();
      return new Promise((resolve) => (open = resolve));
    };
    const earlier = tick(module, slotNow() - HOUR);
    const last = finished(module, slotNow());
    await hasBegun;
    await tick(module, slotNow());
    await tick(module, slotNow());
    visit = () => Promise.resolve();
    open();
    await earlier;
    await last;
    const runs = await module.get(TrackerService).history('visits');
    expect(runs.map(({ slot, status }) => [slot?.getTime(), status])).toEqual([
      [slotNow(), 'succeeded'],
      [slotNow() - HOUR, 'succeeded'],
    ]);
  });

  it('is the latest one where several came while the lease of a dead process ran', async () => {
    const module = await shop();
    await tick(module, slotNow() - 3 * HOUR);
    const states = module.get(DataSource).getRepository(TrackerState);
    const { fence } = await states.findOneByOrFail({ name: 'visits' });
    await states.update(
      { name: 'visits' },
      { owner: 'dead', fence: `${Number(fence) + 1}`, until: `${Date.now() + 1000}` },
    );
    const last = finished(module, slotNow());
    await Promise.all([tick(module, slotNow() - 2 * HOUR), tick(module, slotNow() - HOUR)]);
    await last;
    const runs = await module.get(TrackerService).history('visits');
    expect(runs.map(({ slot }) => slot?.getTime())).toEqual([slotNow(), slotNow() - 3 * HOUR]);
  });
});
