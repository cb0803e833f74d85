import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { REPOSITORIES, type RepositoryReader } from '../git/repository.reader.js';
import { Author } from '../history/author.entity.js';
import { Commit } from '../history/commit.entity.js';
import { HistoryService } from '../history/history.service.js';
import { GitRepository } from '../history/repository.entity.js';
import { ActivityController } from './activity.controller.js';
import { ActivityRefresher } from './activity.refresher.js';
import { ActivityService } from './activity.service.js';
import { ObjectNames } from './object-names.js';
import { CommitsByAuthorTracker, CommitsTracker } from './trackers/commits.trackers.js';

const TRACKERS = [CommitsTracker, CommitsByAuthorTracker];

@Module({
  imports: [TypeOrmModule.forFeature([Author, Commit, GitRepository])],
  controllers: [ActivityController],
  providers: [HistoryService, ActivityRefresher, ActivityService, ObjectNames, ...TRACKERS],
  exports: [ObjectNames],
})
export class ActivityModule {
  /** @param login the login that guards the pages */
  static forRepositories(repositories: readonly RepositoryReader[], login: DynamicModule): DynamicModule {
    return {
      module: ActivityModule,
      imports: [login],
      providers: [{ provide: REPOSITORIES, useValue: repositories }],
    };
  }
}
