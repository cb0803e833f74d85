import { defineDomain, defineMetric, defineRatio } from 'nestjs-trackstats';

export const GIT = defineDomain({ ref: 'git', name: 'Git' });

export const COMMITS = defineMetric({
  domain: GIT,
  ref: 'commits',
  name: 'Commits',
  description: 'Commits on the current branch, by the day of their committer date',
});
export const LINES_CHANGED = defineMetric({
  domain: GIT,
  ref: 'lines_changed',
  name: 'Lines changed',
  description: 'Lines added and lines removed',
});
/** Nothing of it is stored: it is computed when it is read. */
export const LINES_PER_COMMIT = defineRatio({
  domain: GIT,
  ref: 'lines_per_commit',
  name: 'Lines per commit',
  description: 'How large a commit is on average',
  of: LINES_CHANGED,
  per: COMMITS,
});
export const ACTIVE_AUTHORS = defineMetric({
  domain: GIT,
  ref: 'active_authors',
  name: 'Active authors',
  description: 'Authors with at least one commit; one of two repositories counts in both',
});
