import { countDistinct, ObjectsByDateTracker, Period, Track } from 'nestjs-trackstats';
import { Commit } from '../../history/commit.entity.js';
import { ACTIVE_AUTHORS } from '../activity.metrics.js';

@Track({
  metric: ACTIVE_AUTHORS,
  source: Commit,
  dateField: 'committedAt',
  aggregate: countDistinct('author'),
  period: [Period.DAYS_28, Period.LIFETIME],
  cron: '0 * * * *',
})
export class ActiveAuthorsTracker extends ObjectsByDateTracker {}
