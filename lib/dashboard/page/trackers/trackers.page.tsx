import type { JSX } from 'preact';
import type { TrackerResource } from '../../../http/resources.js';
import { hrefOf } from '../address.js';
import { alertText, firingOfTracker } from '../parts/alerts.js';
import { useDashboard } from '../parts/dashboard.js';
import { plural } from '../parts/format.js';
import { Heading } from '../parts/heading.js';
import { Name } from '../parts/name.js';
import { announce, Notice } from '../parts/notice.js';
import { troubleCounts, troubleOf, troubleText } from '../parts/trouble.js';
import { When } from '../parts/when.js';
import { age, covered, MetricLinks, schedule, TrackerStatus } from './tracker.facts.js';

/** All trackers: those that failed first, then those that are late. */
export function TrackersPage(): JSX.Element {
  const { trackers, alerts } = useDashboard();
  const { data, error, again } = trackers;
  return (
    <div class="stack" aria-busy={data === null && error === null}>
      <div class="row spread">
        <Heading title="Trackers" />
        <button
          type="button"
          class="no-print"
          onClick={() => {
            again();
            alerts.again();
            announce('The trackers are up to date.');
          }}
        >
          Refresh
        </button>
      </div>
      {error !== null && <Notice error={error} again={again} />}
      {data === null && error === null && <p class="quiet">Loading …</p>}
      {data !== null && <TrackerList trackers={data.data.trackers} now={data.now} />}
    </div>
  );
}

function TrackerList({ trackers, now }: { trackers: readonly TrackerResource[]; now: string }): JSX.Element {
  if (trackers.length === 0) {
    return <p class="card quiet">This application has no trackers: no provider of it has @Track.</p>;
  }
  const sorted = [...trackers].sort((a, b) => urgency(a) - urgency(b) || a.name.localeCompare(b.name));
  return (
    <>
      <p class="quiet">{summary(trackers)}</p>
      <div class="card flush">
        <table class="trackers">
          <caption class="hidden">Trackers</caption>
          <thead>
            <tr>
              <th scope="col">Tracker</th>
              <th scope="col">Status</th>
              <th scope="col" class="number">
                Last counted
              </th>
              <th scope="col" class="wide">
                Next run
              </th>
              <th scope="col" class="wide">
                Schedule
              </th>
              <th scope="col" class="widest">
                Computed
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((tracker) => (
              <Row key={tracker.name} tracker={tracker} now={now} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const URGENCY = ['failed', 'late', null] as const;

function urgency(tracker: TrackerResource): number {
  return URGENCY.indexOf(troubleOf(tracker));
}

function summary(trackers: readonly TrackerResource[]): string {
  const text = troubleText(troubleCounts(trackers));
  return `${plural(trackers.length, 'tracker')}. ${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function Row({ tracker, now }: { tracker: TrackerResource; now: string }): JSX.Element {
  const { name, lastRun, nextRunAt, coverage, late, drift } = tracker;
  const trouble = troubleOf(tracker);
  return (
    <tr>
      <th scope="row">
        <a href={hrefOf({ page: 'tracker', tracker: name })}>
          <Name text={name} />
        </a>
        <div class="small">
          <MetricLinks tracker={tracker} />
        </div>
        {trouble === 'failed' && <FailureText error={lastRun?.error ?? null} />}
      </th>
      <td>
        <TrackerStatus tracker={tracker} />
        <div class="quiet small">
          {lastRun === null ? '' : <When instant={lastRun.startedAt} now={now} />}
          {late !== null && (
            <>
              {lastRun !== null && ', '}due <When instant={late.due} now={now} />
            </>
          )}
        </div>
        <TrackerAlerts name={name} now={now} />
        {drift.length > 0 && <div class="quiet small">Closed dates differ from the source</div>}
      </td>
      <td class="number nowrap">{age(tracker)}</td>
      <td class="wide nowrap">
        <When instant={nextRunAt} now={now} />
      </td>
      <td class="wide">{schedule(tracker)}</td>
      <td class="widest">{covered(coverage)}</td>
    </tr>
  );
}

/** The alerts that are firing for a tracker. */
function TrackerAlerts({ name, now }: { name: string; now: string }): JSX.Element {
  const { alerts } = useDashboard();
  return (
    <>
      {firingOfTracker(alerts.data?.data.alerts ?? [], name).map((alert) => (
        <div class="small" key={alert.name}>
          <span class="badge alert">{alertText([alert])}</span>{' '}
          <bdi>
            <Name text={alert.name} />
          </bdi>
          {', since '}
          <When instant={alert.since} now={now} />
        </div>
      ))}
    </>
  );
}

/** The message is for those whom the action guards admit: it may show a database's own words. */
export function FailureText({ error }: { error: string | null }): JSX.Element {
  return error === null ? (
    <div class="quiet small">Its error is in the log of the application.</div>
  ) : (
    <div class="error small">{error}</div>
  );
}
