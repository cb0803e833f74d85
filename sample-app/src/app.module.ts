import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TrackstatsModule } from 'nestjs-trackstats';
import { ActivityModule } from './activity/activity.module.js';
import type { RepositoryReader } from './git/repository.reader.js';

export interface AppOptions {
  repository: RepositoryReader;
  /** path of the SQLite file; its directory exists */
  database: string;
  timeZone: string;
}

@Module({})
export class AppModule {
  static forRoot({ repository, database, timeZone }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({
          type: 'better-sqlite3',
          database,
          autoLoadEntities: true,
          synchronize: true,
          enableWAL: true,
          toRetry: () => false, // a file that cannot be opened now cannot be opened in three seconds
        }),
        ScheduleModule.forRoot(),
        TrackstatsModule.forRoot({ timeZone }),
        ActivityModule.forRepository(repository),
      ],
    };
  }
}
