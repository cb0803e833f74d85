import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import {
  addDays,
  type LocalDate,
  Period,
  type PeriodName,
  type SeriesPoint,
  StatisticService,
} from 'nestjs-trackstats';
import { In, LessThanOrEqual, MoreThan, Repository } from 'typeorm';
import { RepositoryReader } from '../git/repository.reader.js';
import { Author } from '../history/author.entity.js';
import { Commit } from '../history/commit.entity.js';
import { ACTIVE_AUTHORS, COMMITS, COMMITS_BY_AUTHOR, LINES_CHANGED, TRACKED } from './activity.metrics.js';
import { ActivityRefresher } from './activity.refresher.js';

export interface DateRange {
  days: number;
  from: LocalDate;
  to: LocalDate;
  today: LocalDate;
  timeZone: string;
}

export interface AuthorActivity {
  name: string;
  email: string;
  /** in the whole history */
  commits: number;
  /** commits a day in the range */
  points: SeriesPoint[];
}

export type SeriesByPeriod = Partial<Record<PeriodName, SeriesPoint[]>>;
export type Activity = Awaited<ReturnType<ActivityService['activity']>>;

/** Reads from the statistics what the page and the JSON show. */
@Injectable()
export class ActivityService {
  constructor(
    private readonly statistics: StatisticService,
    @InjectRepository(Commit) private readonly commits: Repository<Commit>,
    @InjectRepository(Author) private readonly authors: Repository<Author>,
    private readonly repository: RepositoryReader,
    private readonly refresher: ActivityRefresher,
  ) {}

  /** Everything, for a range of so many days. */
  async activity(days: number) {
    const range = await this.range(days);
    return {
      repository: await this.state(),
      range,
      totals: {
        commits: await this.statistics.value({ metric: COMMITS, period: Period.LIFETIME }),
        linesChanged: await this.statistics.value({ metric: LINES_CHANGED, period: Period.LIFETIME }),
        authors: await this.statistics.value({ metric: ACTIVE_AUTHORS, period: Period.LIFETIME }),
        activeAuthors: await this.statistics.value({ metric: ACTIVE_AUTHORS, period: Period.DAYS_28 }),
      },
      series: {
        commits: await this.series('commits', range),
        lines_changed: await this.series('lines_changed', range),
        active_authors: await this.series('active_authors', range),
      },
      topAuthors: await this.topAuthors(range),
    };
  }

  /** One metric's series, for each of its periods; those of calendar months begin where the history does. */
  async series(key: keyof typeof TRACKED, { from, to }: { from: LocalDate; to: LocalDate }): Promise<SeriesByPeriod> {
    const { metric, periods } = TRACKED[key];
    const series: SeriesByPeriod = {};
    for (const period of periods) {
      const range = period === Period.CALENDAR_MONTH ? {} : { from, to };
      series[Period.nameOf(period)] = await this.statistics.series({ metric, period, ...range });
    }
    return series;
  }

  /** The range ends today; where nothing has been committed in it, on the day of the last commit. */
  async range(days: number): Promise<DateRange> {
    const today = await this.statistics.today(COMMITS);
    const last = await this.statistics.mostRecent({ metric: COMMITS, period: Period.DAY, to: today });
    const coverage = await this.statistics.coverage({ metric: COMMITS, period: Period.DAY });
    const to = last && last.date <= addDays(today, -days) ? last.date : today;
    const from = addDays(to, 1 - days);
    const first = coverage && coverage.from <= to ? coverage.from : to;
    return { days, from: from < first ? first : from, to, today, timeZone: coverage?.timeZone ?? 'UTC' };
  }

  async topAuthors({ from, to }: { from: LocalDate; to: LocalDate }, limit = 10): Promise<AuthorActivity[]> {
    const top = await this.statistics.top({
      metric: COMMITS_BY_AUTHOR,
      period: Period.LIFETIME,
      objectType: Author,
      limit,
    });
    const objects = top.map(({ object }) => object);
    const series = await this.statistics.multiSeries({
      metric: COMMITS_BY_AUTHOR,
      period: Period.DAY,
      objects,
      from,
      to,
    });
    const authors = await this.authors.findBy({ id: In(objects.map(({ id }) => Number(id))) });
    return top.flatMap(({ object: { id }, value }) => {
      const author = authors.find((candidate) => String(candidate.id) === id);
      if (!author || value === 0) return []; // all of the author's commits are gone
      const points = series.find((candidate) => candidate.object.id === id)?.points ?? [];
      return [{ name: author.name, email: author.email, commits: value, points }];
    });
  }

  latestCommits(limit: number): Promise<Commit[]> {
    return this.commits.find({
      where: { committedAt: LessThanOrEqual(new Date()) },
      order: { committedAt: 'DESC', sha: 'ASC' },
      relations: { author: true },
      take: limit,
    });
  }

  private async state() {
    const { lastReadAt, problem } = this.refresher;
    return {
      name: this.repository.name,
      isEmpty: (await this.repository.head()) === null,
      isShallow: (await this.commits.countBy({ isBoundary: true })) > 0,
      /** counted by no statistic until their time comes */
      commitsInFuture: await this.commits.countBy({ committedAt: MoreThan(new Date()) }),
      lastReadAt,
      problem,
    };
  }
}
