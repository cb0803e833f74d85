import type { Commit } from '../history/commit.entity.js';
import type { Activity, AuthorActivity, DateRange } from './activity.service.js';
import { chart, sparkline } from './chart.js';
import { html, type Html } from './html.js';

const numbers = new Intl.NumberFormat('en');

export function activityPage(activity: Activity, commits: Commit[]): Html {
  const { repository, range } = activity;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Activity of ${repository.name}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="style.css" />
      </head>
      <body>
        <div class="page">
          <header>
            <h1>Activity of <bdi>${repository.name}</bdi></h1>
            ${notices(activity).map((notice) => html`<p class="notice">${notice}</p>`)}
          </header>
          <main>
            ${repository.isEmpty ? null : [totals(activity), ranges(range), charts(activity), authors(activity), latest(commits, range)]}
          </main>
          <footer class="quiet">
            <p>
              Days are those of ${range.timeZone}.
              ${repository.lastReadAt && html`The history was last read at ${time(repository.lastReadAt, range)}.`} The
              same as <a href="statistics.json?days=${range.days}">JSON</a>.
            </p>
          </footer>
        </div>
      </body>
    </html>`;
}

function notices({ repository, range }: Activity): Html[] {
  const future = repository.commitsInFuture;
  return [
    repository.isEmpty &&
      html`This repository has no commits yet. They will show up here within five minutes of the first one.`,
    repository.isShallow &&
      html`This is a shallow clone: git has only the latest part of the history, and the numbers are those of that part.
        <code>git fetch --unshallow</code> gets the rest.`,
    future > 0 &&
      html`${numbers.format(future)} ${future === 1 ? 'commit is' : 'commits are'} dated in the future, and will count
      when that time has come.`,
    !repository.isEmpty &&
      range.to < range.today &&
      html`Nothing has been committed for a while: the charts end with the last commit, on ${range.to}.`,
    repository.problem !== null && html`The history could not be read again: ${repository.problem}.`,
  ].filter((notice) => notice !== false);
}

function totals({ totals }: Activity): Html {
  const rows: [string, number | null][] = [
    ['Commits', totals.commits],
    ['Lines changed', totals.linesChanged],
    ['Authors', totals.authors],
    ['Authors active in the last 28 days', totals.activeAuthors],
  ];
  return html`<section aria-labelledby="totals">
    <h2 id="totals">Altogether</h2>
    <dl class="totals">
      ${rows.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${numbers.format(value ?? 0)}</dd>
          </div>`,
      )}
    </dl>
  </section>`;
}

function ranges({ days }: DateRange): Html {
  return html`<nav class="ranges" aria-label="Range of the charts">
    <ul>
      ${[28, 90, 365].map((choice) => html`<li><a href="?days=${choice}" ${choice === days && html`aria-current="true"`}>${choice} days</a></li>`)}
    </ul>
  </nav>`;
}

function charts({ series: { commits, lines_changed: lines, active_authors: active } }: Activity): Html[] {
  const months = commits.CALENDAR_MONTH?.map(({ date, value }) => ({ date: date.slice(0, 7), value }));
  const floor = commits.LIFETIME?.find(({ value }) => value !== null)?.value ?? 0;
  return [
    chart({ id: 'commits-day', title: 'Commits a day', unit: 'commits', kind: 'bars', points: commits.DAY }),
    chart({ id: 'commits-week', title: 'Commits in seven days', unit: 'commits', kind: 'line', points: commits.WEEK }),
    chart({ id: 'lines-day', title: 'Lines changed a day', unit: 'lines', kind: 'bars', points: lines.DAY }),
    chart({ id: 'authors', title: 'Authors active in 28 days', unit: 'authors', kind: 'line', points: active.DAYS_28 }),
    chart({
      id: 'commits-all',
      title: 'Commits altogether',
      unit: 'commits',
      kind: 'line',
      floor,
      points: commits.LIFETIME,
    }),
    chart({
      id: 'commits-month',
      title: 'Commits a month, from the beginning',
      unit: 'commits',
      kind: 'bars',
      points: months,
    }),
  ];
}

function authors({ topAuthors, range }: Activity): Html {
  return html`<section class="card" aria-labelledby="top-authors">
    <h2 id="top-authors">Top authors</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">Author</th>
          <th scope="col" class="wide">${range.from} to ${range.to}</th>
          <th scope="col" class="number">Commits</th>
        </tr>
      </thead>
      <tbody>
        ${topAuthors.map((author) => authorRow(author))}
      </tbody>
    </table>
  </section>`;
}

function authorRow({ name, email, commits, points }: AuthorActivity): Html {
  const inRange = points.reduce((sum, point) => sum + (point.value ?? 0), 0);
  return html`<tr>
    <th scope="row"><bdi>${name || '(no name)'}</bdi> <bdi class="quiet">${email}</bdi></th>
    <td class="wide">${sparkline(`${numbers.format(inRange)} commits`, points)}</td>
    <td class="number">${numbers.format(commits)}</td>
  </tr>`;
}

function latest(commits: Commit[], range: DateRange): Html {
  return html`<section class="card" aria-labelledby="latest">
    <h2 id="latest">Latest commits</h2>
    <ul class="commits">
      ${commits.map(
        (commit) =>
          html`<li>
            <bdi>${commit.subject || '(no subject)'}</bdi>
            <div class="quiet">
              <code>${commit.sha.slice(0, 10)}</code> by <bdi>${commit.author.name || '(no name)'}</bdi>,
              ${time(commit.committedAt, range)}
            </div>
          </li>`,
      )}
    </ul>
  </section>`;
}

function time(instant: Date, { timeZone }: DateRange): Html {
  const text = instant.toLocaleString('en-CA', { timeZone, dateStyle: 'short', timeStyle: 'short', hour12: false });
  return html`<time datetime="${instant.toISOString()}">${text}</time>`;
}
