import { Injectable } from '@nestjs/common';
import { addDays, defineMetric, objectRef, StatisticService } from 'nestjs-trackstats';
import { SHOP } from './shop.js';

export const VISITS = defineMetric({ domain: SHOP, ref: 'visits' });
export const LEVELS = defineMetric({ domain: SHOP, ref: 'levels' });
export const FIRST_DATE = '2026-11-01';
/** Few keys, so that writers meet. */
export const DATES = 4;
const LONG = 'x'.repeat(200);

/** Writes the same statistics in all ways at once. */
@Injectable()
export class Writers {
  constructor(private readonly statistics: StatisticService) {}

  /**
   * @param first number of the first writer; each one records its number
   * @param writers so many at once
   * @param rounds of each
   */
  async write(first: number, writers: number, rounds: number): Promise<void> {
    const numbers = Array.from({ length: writers }, (_, index) => first + index);
    await Promise.all(numbers.map((number) => this.writer(number, rounds)));
  }

  /** Counts an event. */
  count(ref: string, key?: string): Promise<void> {
    const metric = defineMetric({ domain: SHOP, ref });
    return this.statistics.increment({ metric, date: FIRST_DATE, ...(key === undefined ? {} : { key }) });
  }

  /** Writes so much that a small disk has no room for it. */
  async grow(): Promise<void> {
    for (let round = 0; round < 200; round++) {
      const objects = Array.from({ length: 2000 }, (_, index) => objectRef('page', `${round} ${index} ${LONG}`));
      await this.statistics.recordMany(
        objects.map((object) => ({ metric: LEVELS, date: FIRST_DATE, value: round, object })),
      );
    }
  }

  private async writer(number: number, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const date = addDays(FIRST_DATE, (number + round) % DATES);
      const object = objectRef('page', round % 2 === 0 ? 'a' : 'A');
      await this.statistics.increment({ metric: VISITS, date, by: number });
      await this.statistics.increment({ metric: VISITS, date, object });
      await this.statistics.record({ metric: LEVELS, date, value: number });
      // in another order than other writers have it
      const dates = Array.from({ length: DATES }, (_, index) => addDays(FIRST_DATE, (number * (index + 1)) % DATES));
      await this.statistics.recordMany(dates.map((each) => ({ metric: LEVELS, date: each, value: number, object })));
    }
  }
}
