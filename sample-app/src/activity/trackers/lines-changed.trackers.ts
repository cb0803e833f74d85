import { ObjectsByDateAndObjectTracker, ObjectsByDateTracker, Period, sum, Track } from 'nestjs-trackstats';
import { Commit } from '../../history/commit.entity.js';
import { LINES_CHANGED } from '../activity.metrics.js';

const LINES_OF_COMMITS = {
  metric: LINES_CHANGED,
  source: Commit,
  dateField: 'committedAt',
  aggregate: sum('lines'),
  period: [Period.DAY, Period.LIFETIME],
  every: '10 minutes',
} as const;

@Track(LINES_OF_COMMITS)
export class LinesChangedTracker extends ObjectsByDateTracker {}

@Track({ ...LINES_OF_COMMITS, objectField: 'repository' })
export class LinesChangedByRepositoryTracker extends ObjectsByDateAndObjectTracker {}

@Track({ ...LINES_OF_COMMITS, objectField: 'author' })
export class LinesChangedByAuthorTracker extends ObjectsByDateAndObjectTracker {}
