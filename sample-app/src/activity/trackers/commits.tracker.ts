import { CountObjectsByDateTracker, Period, Track } from 'nestjs-trackstats';
import { Commit } from '../../history/commit.entity.js';
import { COMMITS } from '../activity.metrics.js';

@Track({
  metric: COMMITS,
  source: Commit,
  dateField: 'committedAt',
  period: [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH, Period.LIFETIME],
  every: '10 minutes',
})
export class CommitsTracker extends CountObjectsByDateTracker {}
