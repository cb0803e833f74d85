import type { TrackerResource, TrackersResponse } from '../../http/resources.js';
import { hrefOf, toMetric } from './address.js';
import { announce } from './notice.js';
import { get, type Answer } from './api.js';
import { button } from './controls.js';
import { element, fill } from './element.js';
import { notice } from './notice.js';
import type { Page, Surroundings } from './page.js';
import { covered, lag, schedule, status, when } from './tracker.facts.js';

/** All trackers, and how they are. */
export async function trackersPage({ signal }: Surroundings): Promise<Page> {
  const ask = (): Promise<Answer<TrackersResponse>> => get<TrackersResponse>(['trackers'], {}, signal);
  const list = element('div', { class: 'stack' }, listOf(await ask()));
  const refresh = async (): Promise<void> => {
    try {
      fill(list, listOf(await ask()));
      announce('The trackers are up to date.');
    } catch (error) {
      if (!signal.aborted) fill(list, notice(error));
    }
  };
  const heading = element('h1', { tabindex: -1 }, 'Trackers');
  const top = element(
    'div',
    { class: 'row spread' },
    heading,
    button('Refresh', () => void refresh()),
  );
  return { title: 'Trackers', content: element('div', { class: 'stack' }, top, list) };
}

function listOf({ data: { trackers }, now }: Answer<TrackersResponse>): HTMLElement {
  if (trackers.length === 0) {
    return element('p', { class: 'quiet' }, 'This application has no trackers: no provider of it has @Track.');
  }
  const titles = ['Tracker', 'Last run', 'Lag', 'Next run', 'Schedule', 'Complete'];
  const head = titles.map((title, place) => element('th', { scope: 'col', class: place < 3 ? '' : 'wide' }, title));
  return element(
    'div',
    { class: 'card flush' },
    element(
      'table',
      {},
      element('caption', { class: 'hidden' }, 'Trackers'),
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...trackers.map((tracker) => rowOf(tracker, now))),
    ),
  );
}

function rowOf(tracker: TrackerResource, now: string): HTMLElement {
  const { name, metric, lastRun, running, nextRunAt, coverage } = tracker;
  return element(
    'tr',
    {},
    element(
      'th',
      { scope: 'row' },
      element('a', { href: hrefOf({ page: 'tracker', tracker: name }) }, name),
      element('div', { class: 'small' }, element('a', { href: hrefOf(toMetric(metric)) }, element('code', {}, metric))),
    ),
    element(
      'td',
      {},
      status(lastRun, running),
      element('div', { class: 'quiet small' }, lastRun === null ? '' : when(lastRun.startedAt, now)),
    ),
    element('td', { class: 'nowrap' }, lag(tracker)),
    element('td', { class: 'wide nowrap' }, when(nextRunAt, now)),
    element('td', { class: 'wide' }, schedule(tracker)),
    element('td', { class: 'wide' }, covered(coverage)),
  );
}
