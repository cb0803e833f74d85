import type {
  ActionsResponse,
  ProgressResponse,
  RunResource,
  RunsResponse,
  TaskResource,
  TrackerResource,
  TrackersResponse,
} from '../../http/resources.js';
import { hrefOf, toMetric } from './address.js';
import { get, RequestError } from './api.js';
import { element, fill } from './element.js';
import { formatNumber, UNKNOWN } from './format.js';
import type { Page, Surroundings } from './page.js';
import { periodLabel } from './period.js';
import { actionsOf } from './tracker.actions.js';
import { covered, lag, schedule, status, took, when } from './tracker.facts.js';

const RUNS = 50;

/** One tracker: how it is, what it did, and what it can be asked to do. */
export async function trackerPage(name: string, { signal }: Surroundings): Promise<Page> {
  const [{ actions }, running, state] = await Promise.all([
    get<ActionsResponse>(['trackers', 'actions'], {}, signal).then(({ data }) => data),
    runningTask(name, signal),
    stateOf(name, signal),
  ]);
  const facts = element('div', {}, factsOf(state));
  const history = element('div', {}, historyOf(state));
  const refresh = async (): Promise<TrackerResource> => {
    const next = await stateOf(name, signal);
    fill(facts, factsOf(next));
    fill(history, historyOf(next));
    return next.tracker;
  };
  const content = element(
    'div',
    { class: 'stack' },
    element(
      'div',
      { class: 'heading' },
      element('p', { class: 'quiet small' }, element('a', { href: hrefOf({ page: 'trackers' }) }, 'Trackers')),
      element('h1', { tabindex: -1 }, name),
    ),
    facts,
    actions.length === 0 ? null : actionsOf(state.tracker, { allowed: actions, running, signal, done: refresh }),
    history,
  );
  return { title: name, content };
}

async function runningTask(name: string, signal: AbortSignal): Promise<TaskResource | undefined> {
  const { data } = await get<ProgressResponse>(['trackers', name, 'progress'], {}, signal);
  return data.tasks.find(({ status }) => status === 'running');
}

interface State {
  readonly tracker: TrackerResource;
  readonly runs: readonly RunResource[];
  readonly now: string;
}

async function stateOf(name: string, signal: AbortSignal): Promise<State> {
  const [{ data, now }, { data: history }] = await Promise.all([
    get<TrackersResponse>(['trackers'], {}, signal),
    get<RunsResponse>(['trackers', name, 'runs'], { limit: RUNS }, signal),
  ]);
  const tracker = data.trackers.find((one) => one.name === name);
  if (tracker === undefined) throw new RequestError(404, `There is no tracker ${name}.`);
  return { tracker, runs: history.runs, now };
}

/** A link to a metric, after the ones before it. */
function metricLink(metric: string, place: number): (Node | string)[] {
  const link = element('a', { href: hrefOf(toMetric(metric)) }, element('code', {}, metric));
  return place === 0 ? [link] : [', ', link];
}

function factsOf({ tracker, now, runs }: State): HTMLElement {
  const failures = runs.filter((run) => run.status === 'failed' || run.status === 'lost').length;
  const facts: [string, Node | string][] = [
    [tracker.metrics.length > 1 ? 'Metrics' : 'Metric', element('span', {}, ...tracker.metrics.flatMap(metricLink))],
    ['Last run', status(tracker.lastRun, tracker.running)],
    ['Next run', when(tracker.nextRunAt, now)],
    ['Schedule', schedule(tracker)],
    ['Lag', lag(tracker)],
    ['Complete', covered(tracker.coverage)],
    ['Periods', tracker.periods.map(periodLabel).join(', ')],
    ['Failures', runs.length === 0 ? UNKNOWN : `${failures} of the last ${runs.length} runs`],
  ];
  return element(
    'dl',
    { class: 'card facts' },
    ...facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}

function historyOf({ runs, now }: State): HTMLElement {
  const titles = ['Started', 'Status', 'Took', 'Dates', 'Written', 'Removed', 'Asked by'];
  const numbers = ['Took', 'Written', 'Removed'];
  const wide = ['Took', 'Removed', 'Asked by'];
  const classOf = (title: string): string =>
    [numbers.includes(title) ? 'number' : '', wide.includes(title) ? 'wide' : ''].join(' ').trim();
  const head = titles.map((title) => element('th', { scope: 'col', class: classOf(title) }, title));
  const table = element(
    'table',
    {},
    element('caption', { class: 'hidden' }, 'History'),
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...runs.map((run) => runOf(run, now))),
  );
  return element(
    'section',
    { class: 'card flush' },
    element('h2', {}, 'History'),
    runs.length === 0 ? element('p', { class: 'quiet padded' }, 'It has not run yet.') : table,
  );
}

function runOf(run: RunResource, now: string): HTMLElement {
  return element(
    'tr',
    {},
    element('td', { class: 'nowrap' }, when(run.startedAt, now)),
    element(
      'td',
      {},
      status(run, false),
      run.attempt > 1 && element('span', { class: 'quiet small' }, ` attempt ${run.attempt}`),
      run.error !== null && element('div', { class: 'error small' }, run.error),
    ),
    element('td', { class: 'number wide' }, took(run)),
    element(
      'td',
      {},
      run.from === null || run.through === null ? UNKNOWN : covered({ from: run.from, through: run.through }),
    ),
    element('td', { class: 'number' }, formatNumber(run.written)),
    element('td', { class: 'number wide' }, formatNumber(run.removed)),
    element(
      'td',
      { class: 'wide' },
      run.slot === null ? 'Hand' : 'Schedule',
      run.host !== null && element('div', { class: 'quiet small' }, run.host),
    ),
  );
}
