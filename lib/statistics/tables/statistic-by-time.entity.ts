import { NamedEntity } from '../../database/entity.decorator.js';
import { AbstractTimeStatistic } from './abstract-time-statistic.js';
import { MomentColumn } from './dimension.decorator.js';

/** A total of a metric: one value for each bucket of less than a day. */
@NamedEntity('TrackstatsStatisticByTime', { name: 'trackstats_statistic_by_time', withoutRowid: true })
export class StatisticByTime extends AbstractTimeStatistic {
  @MomentColumn('start')
  override start!: number;
}
