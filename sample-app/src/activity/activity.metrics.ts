import { defineDomain, defineMetric, Period } from 'nestjs-trackstats';

export const GIT = defineDomain({ ref: 'git', name: 'Git repository' });

export const COMMITS = defineMetric({ domain: GIT, ref: 'commits', name: 'Commits' });
export const LINES_CHANGED = defineMetric({
  domain: GIT,
  ref: 'lines_changed',
  name: 'Lines changed',
  description: 'Lines added and lines removed',
});
export const ACTIVE_AUTHORS = defineMetric({
  domain: GIT,
  ref: 'active_authors',
  name: 'Active authors',
  description: 'Authors with at least one commit',
});
export const COMMITS_BY_AUTHOR = defineMetric({ domain: GIT, ref: 'commits_by_author', name: 'Commits by author' });

/** What is tracked of the repository as a whole, and for which periods; the keys are those of the JSON. */
export const TRACKED = {
  commits: { metric: COMMITS, periods: [Period.DAY, Period.WEEK, Period.CALENDAR_MONTH, Period.LIFETIME] },
  lines_changed: { metric: LINES_CHANGED, periods: [Period.DAY, Period.LIFETIME] },
  active_authors: { metric: ACTIVE_AUTHORS, periods: [Period.DAYS_28, Period.LIFETIME] },
};
