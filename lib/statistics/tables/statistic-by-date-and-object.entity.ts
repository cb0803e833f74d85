import { NamedEntity } from '../../database/entity.decorator.js';
import { AbstractStatistic } from './abstract-statistic.js';
import { Dimension } from './dimension.decorator.js';

/** A value of a metric for one object, such as a customer. */
@NamedEntity('TrackstatsStatisticByDateAndObject', {
  name: 'trackstats_statistic_by_date_and_object',
  withoutRowid: true,
})
export class StatisticByDateAndObject extends AbstractStatistic {
  /** the object entity's table name without prefix, or its name in the module's `objectTypes` */
  @Dimension({ type: 'varchar', length: 100, name: 'object_type' })
  objectType!: string;

  /** the object's primary key, as text */
  @Dimension({ type: 'varchar', length: 255, name: 'object_id' })
  objectId!: string;
}
