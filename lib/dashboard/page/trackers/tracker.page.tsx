import type { ComponentChildren, JSX } from 'preact';
import { periodLabel } from '../../../time/period-text.js';
import { UNKNOWN } from '../../../catalog/number-text.js';
import type {
  ActionsResponse,
  ProgressResponse,
  RunResource,
  RunsResponse,
  TaskResource,
  TrackerAction,
  TrackerResource,
} from '../../../http/resources.js';
import { hrefOf } from '../address.js';
import { get, RequestError } from '../api.js';
import { useAnswer } from '../parts/answer.js';
import { useDashboard } from '../parts/dashboard.js';
import { formatNumber, plural } from '../parts/format.js';
import { Heading } from '../parts/heading.js';
import { Notice } from '../parts/notice.js';
import { troubleOf } from '../parts/trouble.js';
import { Unanswered } from '../parts/unanswered.js';
import { When } from '../parts/when.js';
import { DriftTable } from './drift.table.js';
import { RunStrip } from './run-strip.js';
import { TrackerActions } from './tracker.actions.js';
import { age, covered, MetricLinks, RunStatus, schedule, took, TrackerStatus } from './tracker.facts.js';
import { FailureText } from './trackers.page.js';

const RUNS = 50;

interface State {
  readonly runs: readonly RunResource[];
  readonly actions: readonly TrackerAction[];
  readonly running: TaskResource | undefined;
}

async function load(name: string, signal: AbortSignal): Promise<State> {
  const [{ data: history }, { data: allowed }, { data: progress }] = await Promise.all([
    get<RunsResponse>(['trackers', name, 'runs'], { limit: RUNS }, signal),
    get<ActionsResponse>(['trackers', 'actions'], {}, signal),
    get<ProgressResponse>(['trackers', name, 'progress'], {}, signal),
  ]);
  const running = progress.tasks.find(({ status }) => status === 'running');
  return { runs: history.runs, actions: allowed.actions, running };
}

/** One tracker: how it is, what it did, and what it can be asked to do. */
export function TrackerPage({ name }: { name: string }): JSX.Element {
  const { trackers } = useDashboard();
  const own = useAnswer(name, (signal) => load(name, signal));
  const tracker = trackers.data?.data.trackers.find((one) => one.name === name);
  const isMissing = tracker === undefined && trackers.data !== null && !trackers.isLoading;
  const missing = isMissing ? new RequestError(404, `There is no tracker ${name}.`) : null;
  const error = own.error ?? trackers.error ?? missing;
  const again = (): void => {
    trackers.again();
    own.again();
  };
  if (own.data === null || trackers.data === null || tracker === undefined) {
    return <Unanswered error={error} again={again} />;
  }
  const { runs, actions, running } = own.data;
  const { now } = trackers.data;
  return (
    <div class="stack">
      <div class="heading">
        <p class="quiet small">
          <a href={hrefOf({ page: 'trackers' })}>Trackers</a>
        </p>
        <Heading title={name} />
      </div>
      {error !== null && <Notice error={error} again={again} />}
      {troubleOf(tracker) === 'failed' && (
        <div class="notice" role="note">
          <p>
            <strong>Its last run failed.</strong> The statistics are those of the last run that succeeded
            {tracker.lagMs === null ? ', and none has yet.' : '.'}
          </p>
          <FailureText error={tracker.lastRun?.error ?? null} />
        </div>
      )}
      <Facts tracker={tracker} runs={runs} now={now} />
      {tracker.drift.length > 0 && <DriftTable drift={tracker.drift} />}
      {actions.length > 0 && <TrackerActions tracker={tracker} allowed={actions} running={running} onDone={again} />}
      <History runs={runs} now={now} />
    </div>
  );
}

function Facts({
  tracker,
  runs,
  now,
}: {
  tracker: TrackerResource;
  runs: readonly RunResource[];
  now: string;
}): JSX.Element {
  const facts: [string, ComponentChildren][] = [
    [tracker.metrics.length > 1 ? 'Metrics' : 'Metric', <MetricLinks key="metrics" tracker={tracker} />],
    ['Status', <TrackerStatus key="status" tracker={tracker} />],
    ['Next run', <When key="next" instant={tracker.nextRunAt} now={now} />],
    ['Schedule', schedule(tracker)],
    ['Last counted', age(tracker)],
    ['Computed', covered(tracker.coverage)],
    ['Periods', tracker.periods.map(periodLabel).join(', ')],
    ['Failures', runs.length === 0 ? UNKNOWN : failuresOf(runs)],
  ];
  return (
    <dl class="card facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** @example 'None in 12 runs' */
function failuresOf(runs: readonly RunResource[]): string {
  const failures = runs.filter((run) => run.status === 'failed' || run.status === 'lost').length;
  return `${failures === 0 ? 'None' : failures} in ${plural(runs.length, 'run')}`;
}

function History({ runs, now }: { runs: readonly RunResource[]; now: string }): JSX.Element {
  return (
    <section class="card flush">
      <div class="row spread head">
        <h2>History</h2>
        <RunStrip runs={runs} />
      </div>
      {runs.length === 0 ? (
        <p class="quiet padded">It has not run yet.</p>
      ) : (
        <table class="history">
          <caption class="hidden">History</caption>
          <thead>
            <tr>
              <th scope="col">Started</th>
              <th scope="col">Status</th>
              <th scope="col" class="number wide">
                Took
              </th>
              <th scope="col">Dates</th>
              <th scope="col" class="number wide">
                Written
              </th>
              <th scope="col" class="number wide">
                Removed
              </th>
              <th scope="col" class="wide">
                Started by
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <Run key={run.id} run={run} now={now} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

const TRIGGERS: Readonly<Record<string, string>> = {
  schedule: 'Its schedule',
  start: 'The start',
  http: 'This page or the JSON interface',
  cli: 'The command line',
  call: 'Code of the application',
};

/** Runs of earlier versions do not tell. */
function triggerText(triggeredBy: string | null): string {
  if (triggeredBy === null) return UNKNOWN;
  return Object.hasOwn(TRIGGERS, triggeredBy) ? (TRIGGERS[triggeredBy] ?? triggeredBy) : triggeredBy;
}

/** The columns that a phone has no room for. */
function columnsAsText(run: RunResource): string {
  const { written, removed, triggeredBy } = run;
  const parts = [`Took ${took(run)}`, `${formatNumber(written)} written`, `${formatNumber(removed)} removed`];
  return [...parts, `started by: ${triggerText(triggeredBy)}`].join(', ');
}

function Run({ run, now }: { run: RunResource; now: string }): JSX.Element {
  const { from, through, attempt, error, written, removed, triggeredBy, host } = run;
  return (
    <tr>
      <td class="nowrap">
        <When instant={run.startedAt} now={now} />
      </td>
      <td>
        <RunStatus run={run} />
        {attempt > 1 && <span class="quiet small"> attempt {attempt}</span>}
        {error !== null && <div class="error small">{error}</div>}
        <div class="narrow quiet small">{columnsAsText(run)}</div>
      </td>
      <td class="number wide">{took(run)}</td>
      <td class="dates">{from === null || through === null ? UNKNOWN : covered({ from, through })}</td>
      <td class="number wide">{formatNumber(written)}</td>
      <td class="number wide">{formatNumber(removed)}</td>
      <td class="wide">
        {triggerText(triggeredBy)}
        {host !== null && <div class="quiet small">{host}</div>}
      </td>
    </tr>
  );
}
