import {
  avg,
  count,
  countDistinct,
  CountObjectsByDateAndObjectTracker,
  CountObjectsByDateTracker,
  defineDomain,
  defineMetric,
  max,
  type MetricDefinition,
  ObjectsByDateAndObjectTracker,
  ObjectsByDateTracker,
  Period,
  sum,
  Track,
} from 'nestjs-trackstats';
import type { Type } from '@nestjs/common';
import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** A row of each of the tables. */
export interface Happening {
  id: number;
  at: Date;
  member: number;
  amount: number;
  status: string;
}

@Entity({ name: 'load_member' })
export class Member {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;
}

export const LOAD = defineDomain({ ref: 'load' });
export const MEMBERS = 50;
export const STATUSES = ['open', 'paid', 'sent'] as const;

/** One of many tables that look alike. */
export function tableNamed(name: string): Type<Happening> {
  const table = { [name]: class {} }[name] as Type<Happening>;
  PrimaryGeneratedColumn({ type: 'integer' })(table.prototype as object, 'id');
  Column({ type: 'timestamptz' })(table.prototype as object, 'at');
  Index()(table.prototype as object, 'at');
  Column({ type: 'integer' })(table.prototype as object, 'member');
  Column({ type: 'integer' })(table.prototype as object, 'amount');
  Column({ type: 'varchar', length: 10 })(table.prototype as object, 'status');
  Entity({ name: `load_${name.toLowerCase()}` })(table);
  return table;
}

/** Ten trackers of a table, of the kinds that applications have. */
export function trackersOf(source: Type<Happening>, every: number): Type[] {
  const table = source.name.toLowerCase();
  const metric = (ref: string): MetricDefinition => defineMetric({ domain: LOAD, ref: `${table}_${ref}` });
  const rows = { source, dateField: 'at' as const, every };
  const named = (ref: string) => ({ ...rows, name: `${table} ${ref}`, metric: metric(ref) });
  const byMember = { objectField: 'member' as const, objectEntity: Member };
  const { DAY, WEEK, LIFETIME, HOUR, CALENDAR_MONTH, DAYS_28 } = Period;

  @Track({ ...named('all'), period: [DAY, LIFETIME] })
  class All extends CountObjectsByDateTracker<Happening> {}

  @Track({ ...named('hours'), period: [HOUR, Period.minutes(15)], lookback: '15 minutes' })
  class Hours extends CountObjectsByDateTracker<Happening> {}

  @Track({ ...named('turnover'), aggregate: sum('amount'), period: [DAY, CALENDAR_MONTH] })
  class Turnover extends ObjectsByDateTracker<Happening> {}

  @Track({ ...named('mean'), aggregate: avg('amount'), period: WEEK })
  class Mean extends ObjectsByDateTracker<Happening> {}

  @Track({ ...named('members'), aggregate: countDistinct('member'), period: DAYS_28 })
  class Members extends ObjectsByDateTracker<Happening> {}

  @Track({ ...named('of_member'), ...byMember, period: [DAY, LIFETIME], appendOnly: true })
  class OfMember extends CountObjectsByDateAndObjectTracker<Happening> {}

  @Track({ ...named('spent'), ...byMember, aggregate: sum('amount'), period: [DAY, WEEK], withTotal: true })
  class Spent extends ObjectsByDateAndObjectTracker<Happening> {}

  @Track({ ...named('paid'), where: { status: 'paid' }, period: DAY })
  class Paid extends CountObjectsByDateTracker<Happening> {}

  @Track({ ...named('largest'), aggregate: max('amount'), period: [DAY, LIFETIME], appendOnly: true })
  class Largest extends ObjectsByDateTracker<Happening> {}

  @Track({
    ...rows,
    name: `${table} several`,
    period: [DAY, Period.MONTH_TO_DATE],
    metrics: [
      { metric: metric('placed'), aggregate: count() },
      { metric: metric('sent'), where: { status: 'sent' } },
      { metric: metric('sent_amount'), aggregate: sum('amount'), where: { status: 'sent' } },
    ],
  })
  class Several extends ObjectsByDateTracker<Happening> {}

  return [All, Hours, Turnover, Mean, Members, OfMember, Spent, Paid, Largest, Several];
}
