import { defineDomain, defineMetric } from 'nestjs-trackstats';

export const GIT = defineDomain({ ref: 'git', name: 'Git' });

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
  description: 'Authors with at least one commit; one of two repositories counts in both',
});
