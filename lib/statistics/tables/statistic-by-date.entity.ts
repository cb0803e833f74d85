import { NamedEntity } from '../../database/entity.decorator.js';
import type { LocalDateText } from '../../time/local-date.js';
import { AbstractStatistic } from './abstract-statistic.js';
import { MomentColumn } from './dimension.decorator.js';

/** A total of a metric: one value for each period and date. */
@NamedEntity('TrackstatsStatisticByDate', { name: 'trackstats_statistic_by_date', withoutRowid: true })
export class StatisticByDate extends AbstractStatistic {
  @MomentColumn('date')
  override date!: LocalDateText;
}
