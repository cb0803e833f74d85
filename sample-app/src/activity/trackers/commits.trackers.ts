import { countDistinct, ObjectsByDateAndObjectTracker, Period, sum, Track } from 'nestjs-trackstats';
import { Commit } from '../../history/commit.entity.js';
import { ACTIVE_AUTHORS, COMMITS, LINES_CHANGED } from '../activity.metrics.js';

const EACH_COMMIT = {
  source: Commit,
  dateField: 'committedAt',
  period: [Period.DAY, Period.WEEK, Period.CALENDAR_WEEK, Period.CALENDAR_MONTH, Period.MONTH_TO_DATE, Period.LIFETIME],
  every: '10 minutes',
} as const;

/** Commits, lines and authors of each repository, and of all repositories, from one pass over the commits. */
@Track({
  ...EACH_COMMIT,
  objectField: 'repository',
  withTotal: true,
  metrics: [
    { metric: COMMITS, period: [Period.HOUR, ...EACH_COMMIT.period] },
    { metric: LINES_CHANGED, aggregate: sum('lines') },
    { metric: ACTIVE_AUTHORS, aggregate: countDistinct('author'), period: [Period.DAYS_28, Period.LIFETIME] },
  ],
})
export class CommitsTracker extends ObjectsByDateAndObjectTracker<Commit> {}

@Track({
  ...EACH_COMMIT,
  objectField: 'author',
  metrics: [{ metric: COMMITS }, { metric: LINES_CHANGED, aggregate: sum('lines') }],
})
export class CommitsByAuthorTracker extends ObjectsByDateAndObjectTracker<Commit> {}
