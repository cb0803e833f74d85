import { NamedEntity } from '../../database/entity.decorator.js';
import { AbstractTimeStatistic } from './abstract-time-statistic.js';
import { Dimension } from './dimension.decorator.js';

/** A value of a metric for one object, such as a customer, in a bucket of less than a day. */
@NamedEntity('TrackstatsStatisticByTimeAndObject', {
  name: 'trackstats_statistic_by_time_and_object',
  withoutRowid: true,
})
export class StatisticByTimeAndObject extends AbstractTimeStatistic {
  /** the object entity's table name without prefix, or its name in the module's `objectTypes` */
  @Dimension({ type: 'varchar', length: 100, name: 'object_type' })
  objectType!: string;

  /** the object's primary key, as text */
  @Dimension({ type: 'varchar', length: 255, name: 'object_id' })
  objectId!: string;
}
