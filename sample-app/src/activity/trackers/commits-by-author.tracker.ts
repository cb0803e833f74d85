import { CountObjectsByDateAndObjectTracker, Period, Track } from 'nestjs-trackstats';
import { Commit } from '../../history/commit.entity.js';
import { COMMITS_BY_AUTHOR } from '../activity.metrics.js';

@Track({
  metric: COMMITS_BY_AUTHOR,
  source: Commit,
  dateField: 'committedAt',
  objectField: 'author',
  period: [Period.DAY, Period.LIFETIME],
  every: '10 minutes',
})
export class CommitsByAuthorTracker extends CountObjectsByDateAndObjectTracker {}
