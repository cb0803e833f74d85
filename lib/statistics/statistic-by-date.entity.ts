import { PrimaryColumn } from 'typeorm';
import { NamedEntity } from '../database/entity.decorator.js';
import type { LocalDate } from '../time/local-date.js';
import { AbstractStatistic } from './abstract-statistic.js';

/** The total of a metric: one value for a period and a date. */
@NamedEntity('TrackstatsStatisticByDate', { name: 'trackstats_statistic_by_date', withoutRowid: true })
export class StatisticByDate extends AbstractStatistic {
  @PrimaryColumn({ type: 'date' })
  override date!: LocalDate;
}
