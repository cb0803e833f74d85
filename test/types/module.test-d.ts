import { Injectable } from '@nestjs/common';
import {
  TrackstatsModule,
  type ScheduleOverride,
  type TrackstatsModuleOptions,
  type TrackstatsOptionsFactory,
} from 'nestjs-trackstats';
import { Customer, Order, OrdersByRegion } from './shop.js';

@Injectable()
export class OptionsMaker implements TrackstatsOptionsFactory {
  createTrackstatsOptions(): TrackstatsModuleOptions {
    return { timeZone: 'Europe/Amsterdam' };
  }
}

export const schedules: Record<string, ScheduleOverride> = {
  a: false,
  b: { cron: '0 * * * *', timeZone: 'UTC' },
  c: { every: '15 minutes' },
};

TrackstatsModule.forRoot();
TrackstatsModule.forRoot({ dataSource: 'statistics', isGlobal: false, statistics: [OrdersByRegion] });
TrackstatsModule.forRoot({
  clock: () => new Date(0),
  objectTypes: { customer: Customer },
  scheduling: false,
  trackers: schedules,
});
TrackstatsModule.forRootAsync({
  dataSource: 'x',
  inject: ['zone'],
  useFactory: (zone: string) => ({ timeZone: zone, weekStart: 'sunday' }),
});
TrackstatsModule.forRootAsync({ useFactory: () => Promise.resolve({ scheduling: { enabled: false } }) });
TrackstatsModule.forRootAsync({ useClass: OptionsMaker });
TrackstatsModule.forRootAsync({ useExisting: OptionsMaker });
TrackstatsModule.forFeature([OrdersByRegion], 'statistics');

// @ts-expect-error -- a week begins on one of three days
TrackstatsModule.forRoot({ weekStart: 'tuesday' });
// @ts-expect-error -- an option that does not exist
TrackstatsModule.forRoot({ timezone: 'UTC' });
// @ts-expect-error -- no custom statistic
TrackstatsModule.forFeature([Order]);
// @ts-expect-error -- no class at all
TrackstatsModule.forFeature(['OrdersByRegion']);
// @ts-expect-error -- options that shape the module go next to the factory
TrackstatsModule.forRootAsync({ useFactory: () => ({ dataSource: 'statistics' }) });
// @ts-expect-error -- an asynchronous factory likewise
TrackstatsModule.forRootAsync({ useFactory: async () => Promise.resolve({ isGlobal: false }) });
// @ts-expect-error -- one maker of options
TrackstatsModule.forRootAsync({ useFactory: () => ({}), useClass: OptionsMaker });
// @ts-expect-error -- no maker of options
TrackstatsModule.forRootAsync({ dataSource: 'statistics' });
// @ts-expect-error -- a class that makes no options
TrackstatsModule.forRootAsync({ useClass: Order });
// @ts-expect-error -- the zone of an interval says nothing
TrackstatsModule.forRoot({ trackers: { a: { every: '1 hour', timeZone: 'UTC' } } });
// @ts-expect-error -- one schedule
TrackstatsModule.forRoot({ trackers: { a: { cron: '* * * * *', every: 1000 } } });
// @ts-expect-error -- an entity, not its name
TrackstatsModule.forRoot({ objectTypes: { customer: 'Customer' } });
