import { ObjectsByDateTracker, Period, sum, Track } from 'nestjs-trackstats';
import { Commit } from '../../history/commit.entity.js';
import { LINES_CHANGED } from '../activity.metrics.js';

@Track({
  metric: LINES_CHANGED,
  source: Commit,
  dateField: 'committedAt',
  aggregate: sum('lines'),
  period: [Period.DAY, Period.LIFETIME],
  every: '10 minutes',
})
export class LinesChangedTracker extends ObjectsByDateTracker {}
