import { countDistinct, ObjectsByDateAndObjectTracker, ObjectsByDateTracker, Period, Track } from 'nestjs-trackstats';
import { Commit } from '../../history/commit.entity.js';
import { ACTIVE_AUTHORS } from '../activity.metrics.js';

const AUTHORS_OF_COMMITS = {
  metric: ACTIVE_AUTHORS,
  source: Commit,
  dateField: 'committedAt',
  aggregate: countDistinct('author'),
  period: [Period.DAYS_28, Period.LIFETIME],
  cron: '0 * * * *',
} as const;

@Track(AUTHORS_OF_COMMITS)
export class ActiveAuthorsTracker extends ObjectsByDateTracker {}

@Track({ ...AUTHORS_OF_COMMITS, objectField: 'repository' })
export class ActiveAuthorsByRepositoryTracker extends ObjectsByDateAndObjectTracker {}
