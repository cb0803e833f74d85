import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TrackstatsModule } from 'nestjs-trackstats';
import { TrackstatsDashboardModule } from 'nestjs-trackstats/dashboard';
import { ActivityModule } from './activity/activity.module.js';
import { ObjectNames } from './activity/object-names.js';
import type { RepositoryReader } from './git/repository.reader.js';
import { LoginModule, type LoginOptions } from './login/login.module.js';
import { OwnerGuard } from './login/owner.guard.js';
import { ReaderGuard } from './login/reader.guard.js';

export interface AppOptions extends LoginOptions {
  repositories: readonly RepositoryReader[];
  /** path of the SQLite file; its directory exists */
  database: string;
  timeZone: string;
}

@Module({})
export class AppModule {
  static forRoot({ repositories, database, timeZone, password, isPublic }: AppOptions): DynamicModule {
    // created once each, because modules imported in several places must be the same object, with the same sessions
    const login = LoginModule.forRoot({ password, isPublic });
    const activity = ActivityModule.forRepositories(repositories, login);
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({
          type: 'better-sqlite3',
          database,
          autoLoadEntities: true,
          synchronize: true,
          enableWAL: true,
          toRetry: () => false, // a file that cannot be opened now cannot be opened in three seconds either
        }),
        ScheduleModule.forRoot(),
        TrackstatsModule.forRoot({ timeZone }),
        login,
        activity,
        TrackstatsDashboardModule.forRootAsync({
          path: '/',
          guards: [ReaderGuard],
          actionGuards: [OwnerGuard],
          imports: [login, activity],
          inject: [ObjectNames],
          useFactory: (names: ObjectNames) => ({
            title: 'Git activity',
            // one page signs in and out
            ...(isPublic ? { signInUrl: '/login' } : { signOutUrl: '/login' }),
            label: (objects) => names.namesOf(objects),
          }),
        }),
      ],
    };
  }
}
