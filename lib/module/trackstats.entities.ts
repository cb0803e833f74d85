import type { Type } from '@nestjs/common';
import { AlertState } from '../alerts/alert.entity.js';
import { AnnotationRecord } from '../annotations/annotation.entity.js';
import { Domain } from '../catalog/domain.entity.js';
import { Metric } from '../catalog/metric.entity.js';
import { Coverage } from '../coverage/coverage.entity.js';
import { IncrementKey } from '../statistics/tables/increment-key.entity.js';
import { StatisticByDateAndObject } from '../statistics/tables/statistic-by-date-and-object.entity.js';
import { StatisticByDate } from '../statistics/tables/statistic-by-date.entity.js';
import { StatisticByTimeAndObject } from '../statistics/tables/statistic-by-time-and-object.entity.js';
import { StatisticByTime } from '../statistics/tables/statistic-by-time.entity.js';
import { TrackerRunRecord } from '../execution/run-tables.js';
import { TrackerState } from '../execution/run-tables.js';

/** The entities whose tables every application needs. That of alerts is needed by those that have alerts. */
export const REQUIRED_ENTITIES: readonly Type<unknown>[] = [
  Domain,
  Metric,
  StatisticByDate,
  StatisticByDateAndObject,
  StatisticByTime,
  StatisticByTimeAndObject,
  IncrementKey,
  Coverage,
  AnnotationRecord,
  TrackerState,
  TrackerRunRecord,
];

/**
 * Lists the entities of the library, for a data source without `autoLoadEntities`.
 *
 * @example
 * ```ts
 * TypeOrmModule.forRoot({ type: 'postgres', entities: [...TRACKSTATS_ENTITIES, Customer, Order] })
 * ```
 */
export const TRACKSTATS_ENTITIES: Type<unknown>[] = [...REQUIRED_ENTITIES, AlertState];
