import type {
  BackfillResource,
  DifferenceResource,
  ResultResource,
  TrackerAction,
  TrackerResource,
  VerifyResponse,
} from '../../http/resources.js';
import { get, post } from './api.js';
import { button, field } from './controls.js';
import { confirmed } from './dialog.js';
import { element, fill, type Child } from './element.js';
import { formatDate, formatDates, formatDuration, formatNumber, UNKNOWN } from './format.js';
import { notice } from './notice.js';
import { periodLabel } from './period.js';

/** How often the page asks how far a backfill is, in milliseconds. */
const POLL = 1_000;

/**
 * Shows the actions on a tracker.
 *
 * @param done called after an action, because the tracker's state has changed
 */
export function actionsOf(
  tracker: TrackerResource,
  allowed: readonly TrackerAction[],
  signal: AbortSignal,
  done: () => Promise<void>,
): HTMLElement {
  const from = element('input', { type: 'date' });
  const to = element('input', { type: 'date' });
  const outcome = element('div', { role: 'status', class: 'stack' });
  const range = (): Record<string, string> => ({
    ...(from.value === '' ? {} : { from: from.value }),
    ...(to.value === '' ? {} : { to: to.value }),
  });
  const path = (action: string): string[] => ['trackers', tracker.name, action];

  const perform = async (doing: string, work: () => Promise<Child[]>): Promise<void> => {
    setDisabled(true);
    fill(outcome, element('p', { class: 'quiet' }, `${doing} …`));
    try {
      fill(outcome, ...(await work()));
      await done();
    } catch (error) {
      if (!signal.aborted) fill(outcome, notice(error));
    }
    setDisabled(false);
  };

  const run = (): Promise<void> =>
    perform('Running', async () => [ran('Done', (await post<ResultResource>(path('run'), {}, signal)).data)]);
  const repair = (): Promise<void> =>
    perform('Repairing', async () => [
      ran('Repaired', (await post<ResultResource>(path('repair'), range(), signal)).data),
    ]);
  const verify = (): Promise<void> =>
    perform('Comparing', async () => {
      const { data } = await post<VerifyResponse>(path('verify'), range(), signal);
      const mend = allowed.includes('repair') && data.total > 0 ? button('Repair', () => void repair()) : null;
      return [differences(data), mend === null ? null : element('p', {}, mend)];
    });
  const backfill = async (): Promise<void> => {
    if (from.value === '') {
      fill(outcome, element('p', {}, 'A backfill needs the date that it begins at: fill in “From”.'));
      from.focus();
      return;
    }
    const until = to.value === '' ? 'today' : formatDate(to.value);
    const question = `Compute ${tracker.name} anew from ${formatDate(from.value)} to ${until}? What is stored for these dates is replaced by what the source's rows say now.`;
    if (!(await confirmed(question, 'Backfill'))) return;
    await perform('Starting', async () => {
      const { data } = await post<BackfillResource>(path('backfill'), range(), signal);
      return [await watched(data)];
    });
  };

  /** Shows how far it is until it ends. */
  const watched = async (started: BackfillResource): Promise<HTMLElement> => {
    let state = started;
    const bar = element('progress', { max: 1, value: 0, 'aria-label': 'Backfill' });
    const text = element('p', { class: 'quiet' });
    fill(outcome, bar, text);
    while (state.status === 'running') {
      bar.value = state.fraction;
      text.textContent = state.date === null ? 'Started' : `Through ${formatDate(state.date)}`;
      await new Promise((resolve) => setTimeout(resolve, POLL));
      state = (await get<BackfillResource>(path('backfill'), {}, signal)).data;
    }
    if (state.status !== 'succeeded') throw new Error(state.error ?? `The backfill was ${state.status}.`);
    return element('p', {}, `Done: ${rows(state.written)} written.`);
  };

  const buttons = [
    allowed.includes('run') && button('Run now', () => void run(), { class: 'main' }),
    allowed.includes('verify') && button('Verify', () => void verify()),
    allowed.includes('backfill') && button('Backfill', () => void backfill()),
  ].filter((one) => one !== false);
  const setDisabled = (isDisabled: boolean): void => {
    for (const one of buttons) one.setAttribute('aria-disabled', String(isDisabled));
  };
  const controls = element('div', { class: 'controls' }, field('From', from), field('To', to), ...buttons);
  // a button that is disabled loses the focus; one that is only called so does not
  controls.addEventListener(
    'click',
    (event) => {
      if ((event.target as Element).getAttribute('aria-disabled') === 'true') event.stopPropagation();
    },
    { capture: true },
  );
  return element('section', { class: 'card' }, element('h2', {}, 'Actions'), controls, outcome);
}

function ran(done: string, { from, through, written, removed, durationMs }: ResultResource): HTMLElement {
  return element(
    'p',
    {},
    `${done}: ${formatDates(from, through)}, ${rows(written)} written, ${removed} removed, in ${formatDuration(durationMs)}.`,
  );
}

function rows(count: number): string {
  return `${formatNumber(count)} row${count === 1 ? '' : 's'}`;
}

function differences({ total, differences: first }: VerifyResponse): HTMLElement {
  if (total === 0) return element('p', {}, 'Everything is as a fresh computation has it.');
  const titles = ['Date', 'Period', 'Of', 'Stored', 'Expected'];
  const head = titles.map((title, place) => element('th', { scope: 'col', class: place > 2 ? 'number' : '' }, title));
  const shown = first.length < total ? `, the first ${first.length} of them` : '';
  return element(
    'div',
    { class: 'data', tabindex: 0, role: 'region', 'aria-label': 'Differences' },
    element(
      'table',
      {},
      element('caption', {}, `${formatNumber(total)} difference${total === 1 ? '' : 's'}${shown}`),
      element('thead', {}, element('tr', {}, ...head)),
      element('tbody', {}, ...first.map(differenceRow)),
    ),
  );
}

function differenceRow({ date, period, object, dimensions, stored, expected }: DifferenceResource): HTMLElement {
  const of =
    object === undefined
      ? Object.values(dimensions ?? {})
          .map(String)
          .join(', ')
      : (object.label ?? object.id);
  return element(
    'tr',
    {},
    element('th', { scope: 'row', class: 'nowrap' }, formatDate(date)),
    element('td', {}, periodLabel(period)),
    element('td', {}, of === '' ? 'Total' : of),
    element('td', { class: 'number' }, decimal(stored)),
    element('td', { class: 'number' }, decimal(expected)),
  );
}

function decimal(value: string | null | undefined): string {
  return value === undefined ? 'no row' : (value ?? UNKNOWN);
}
