import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { objectRef, Period, StatisticService, TrackerService } from 'nestjs-trackstats';
import { In, MoreThan, Repository } from 'typeorm';
import { REPOSITORIES, type RepositoryReader } from '../git/repository.reader.js';
import { Author } from '../history/author.entity.js';
import { Commit } from '../history/commit.entity.js';
import { GitRepository } from '../history/repository.entity.js';
import { ACTIVE_AUTHORS, COMMITS, LINES_CHANGED, LINES_PER_COMMIT } from './activity.metrics.js';
import { ObjectNames } from './object-names.js';
import { CommitsByAuthorTracker, CommitsTracker } from './trackers/commits.trackers.js';

/** Reads statistics in code: a value, a series, a ranking with names. */
@Injectable()
export class ActivityService {
  constructor(
    private readonly statistics: StatisticService,
    private readonly trackers: TrackerService,
    private readonly names: ObjectNames,
    @Inject(REPOSITORIES) private readonly shown: readonly RepositoryReader[],
    @InjectRepository(Commit) private readonly commits: Repository<Commit>,
    @InjectRepository(GitRepository) private readonly repositories: Repository<GitRepository>,
  ) {}

  /** @param live counts the open dates now, instead of reading what the last run stored */
  async activity(live: boolean) {
    return {
      today: await this.statistics.today(COMMITS),
      commits: await this.statistics.value({ metric: COMMITS, period: Period.LIFETIME, live }),
      commitsThisMonth: await this.statistics.value({ metric: COMMITS, period: Period.MONTH_TO_DATE, live }),
      linesChanged: await this.statistics.value({ metric: LINES_CHANGED, period: Period.LIFETIME, live }),
      linesPerCommit: await this.statistics.value({ metric: LINES_PER_COMMIT, period: Period.LIFETIME, live }),
      activeAuthors: await this.statistics.value({ metric: ACTIVE_AUTHORS, period: Period.DAYS_28 }),
      commitsADay: await this.statistics.series({ metric: COMMITS, period: Period.DAY, last: 28, live }),
      commitsByRepository: await this.commitsBy(GitRepository),
      commitsByAuthor: await this.commitsBy(Author),
      repositories: await this.states(),
    };
  }

  /** Returns the commits behind the number of a day, newest first: of everybody, or of one author. */
  async commitsOf(date: string, authorId: string | null) {
    const rows =
      authorId === null
        ? await this.trackers.rows(CommitsTracker, { metric: COMMITS, date })
        : await this.trackers.rows(CommitsByAuthorTracker, {
            metric: COMMITS,
            date,
            object: objectRef(Author, Number(authorId)),
          });
    const [commits, count] = await rows.orderBy('Commit.committedAt', 'DESC').take(100).getManyAndCount();
    return {
      count,
      commits: commits.map(({ sha, subject, committedAt, lines }) => ({ sha, subject, committedAt, lines })),
    };
  }

  /** Returns the authors with the most commits of all time. */
  private async commitsBy(objectType: typeof Author | typeof GitRepository) {
    const top = await this.statistics.top({ metric: COMMITS, period: Period.LIFETIME, objectType, limit: 10 });
    const some = top.filter(({ value }) => value > 0); // the others have no commits left
    const names = await this.names.namesOf(some.map(({ object }) => object));
    return some.map(({ object: { id }, value }) => ({ name: names.get(id) ?? id, commits: value }));
  }

  /** Facts that the numbers do not show. */
  private async states() {
    const shown = { gitDirectory: In(this.shown.map(({ gitDirectory }) => gitDirectory)) };
    const states = [];
    for (const { id, name, head, boundary } of await this.repositories.findBy(shown)) {
      /** not counted until their time comes */
      const commitsInFuture = await this.commits.countBy({ repositoryId: id, committedAt: MoreThan(new Date()) });
      states.push({ name, isEmpty: head === null, isShallow: boundary !== '', commitsInFuture });
    }
    return states;
  }
}
