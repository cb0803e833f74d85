import { Entity } from 'typeorm';
import type { StatisticService } from '../../lib/statistics/statistic.service.js';
import { AbstractTimeStatistic } from '../../lib/statistics/tables/abstract-time-statistic.js';
import { Dimension } from '../../lib/statistics/tables/dimension.decorator.js';
import { StatisticByTimeAndObject } from '../../lib/statistics/tables/statistic-by-time-and-object.entity.js';
import { StatisticByTime } from '../../lib/statistics/tables/statistic-by-time.entity.js';
import type { TestDatabase } from '../support/databases.js';
import { emptied, ENTITIES, services, type Setup } from './setup.js';

@Entity()
export class OrdersByRegionAndTime extends AbstractTimeStatistic {
  @Dimension({ type: 'varchar' })
  country!: string;

  @Dimension({ type: 'integer', nullable: true })
  shelf!: number | null;
}

export const TIME_ENTITIES = [...ENTITIES, StatisticByTime, StatisticByTimeAndObject, OrdersByRegionAndTime];

/** `calls` is StatisticService without its types, for what they refuse too. */
export interface TimeSetup extends Setup {
  readonly calls: Record<Exclude<keyof StatisticService, 'narrow'>, (...given: unknown[]) => Promise<unknown>>;
}

/** The services with periods of less than a day, on an empty database. */
export async function timeSetup(test: TestDatabase, timeZone: string, clock: () => Date): Promise<TimeSetup> {
  const made = await services(await emptied(test, TIME_ENTITIES), { timeZone, clock });
  return { ...made, calls: made.statistics as never };
}

/** The seconds of an instant. */
export function second(iso: string): number {
  return Date.parse(iso) / 1000;
}
