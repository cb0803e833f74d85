import { CountObjectsByDateAndObjectTracker, CountObjectsByDateTracker, Period, Track } from 'nestjs-trackstats';
import { Commit } from '../../history/commit.entity.js';
import { COMMITS } from '../activity.metrics.js';

const EACH_COMMIT = { metric: COMMITS, source: Commit, dateField: 'committedAt', every: '10 minutes' } as const;

@Track({ ...EACH_COMMIT, period: [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH, Period.LIFETIME] })
export class CommitsTracker extends CountObjectsByDateTracker {}

@Track({ ...EACH_COMMIT, objectField: 'repository', period: [Period.DAY, Period.WEEK, Period.LIFETIME] })
export class CommitsByRepositoryTracker extends CountObjectsByDateAndObjectTracker {}

@Track({ ...EACH_COMMIT, objectField: 'author', period: [Period.DAY, Period.WEEK, Period.LIFETIME] })
export class CommitsByAuthorTracker extends CountObjectsByDateAndObjectTracker {}
