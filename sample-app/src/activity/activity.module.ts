import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RepositoryReader } from '../git/repository.reader.js';
import { Author } from '../history/author.entity.js';
import { Commit } from '../history/commit.entity.js';
import { HistoryService } from '../history/history.service.js';
import { HistoryState } from '../history/history-state.entity.js';
import { ActivityController } from './activity.controller.js';
import { ActivityRefresher } from './activity.refresher.js';
import { ActivityService } from './activity.service.js';
import { ActiveAuthorsTracker } from './trackers/active-authors.tracker.js';
import { CommitsByAuthorTracker } from './trackers/commits-by-author.tracker.js';
import { CommitsTracker } from './trackers/commits.tracker.js';
import { LinesChangedTracker } from './trackers/lines-changed.tracker.js';

@Module({
  imports: [TypeOrmModule.forFeature([Author, Commit, HistoryState])],
  controllers: [ActivityController],
  providers: [
    HistoryService,
    ActivityRefresher,
    ActivityService,
    CommitsTracker,
    LinesChangedTracker,
    ActiveAuthorsTracker,
    CommitsByAuthorTracker,
  ],
})
export class ActivityModule {
  static forRepository(repository: RepositoryReader): DynamicModule {
    return { module: ActivityModule, providers: [{ provide: RepositoryReader, useValue: repository }] };
  }
}
