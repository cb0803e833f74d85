import type { ProgressResponse, TaskKind, TaskResource } from '../../http/resources.js';
import { get, post, RequestError } from './api.js';
import { button } from './controls.js';
import { element, fill } from './element.js';
import { formatDate, formatNumber } from './format.js';
import { notice } from './notice.js';

/** How often the page asks for the progress, in milliseconds: soon for a short task, then once a second. */
const [FIRST_POLL, POLL] = [100, 1_000];

/** Polls in a row without the task, as of a restart or of a balancer that asks another process, until the page gives up. */
const LOST_AFTER = 10;

/**
 * Shows the progress of a task in `place`, with a button that cancels it, until it ends.
 *
 * @param label names the task for screen readers: 'Verifying'
 * @returns the task when it has ended
 * @throws RequestError if no process answers for it
 */
export async function followTask(
  place: HTMLElement,
  tracker: string,
  { kind, label }: { kind: TaskKind; label: string },
  signal: AbortSignal,
): Promise<TaskResource> {
  const bar = element('progress', { max: 1, 'aria-label': label });
  const text = element('p', { class: 'quiet' }, 'Reading the source …');
  const cancel = button('Cancel', () => void requestCancel());
  let isCancelling = false;
  const requestCancel = async (): Promise<void> => {
    if (isCancelling) return;
    isCancelling = true;
    cancel.setAttribute('aria-disabled', 'true');
    text.textContent = 'Cancelling …';
    try {
      await post<ProgressResponse>(['trackers', tracker, 'cancel'], { kind }, signal);
    } catch (error) {
      isCancelling = false;
      cancel.removeAttribute('aria-disabled');
      if (!signal.aborted) place.append(notice(error));
    }
  };
  const show = ({ fraction, date, differences }: TaskResource): void => {
    if (date === null || isCancelling) return;
    bar.value = fraction;
    // a verification compares one period after the other, each through the last date
    const found = differences === 1 ? '1 difference' : `${formatNumber(differences)} differences`;
    const state = kind === 'verify' ? `${found} so far` : `through ${formatDate(date)}`;
    text.textContent = `${Math.floor(fraction * 100)}%, ${state}`;
  };
  fill(place, bar, element('div', { class: 'row spread' }, text, cancel));
  try {
    return await ended(tracker, kind, show, signal);
  } finally {
    fill(place);
  }
}

async function ended(
  tracker: string,
  kind: TaskKind,
  show: (task: TaskResource) => void,
  signal: AbortSignal,
): Promise<TaskResource> {
  let misses = 0;
  for (let wait = FIRST_POLL; ; wait = Math.min(wait * 2, POLL)) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    const task = await taskOf(tracker, kind, signal);
    if (task === undefined) {
      if (++misses < LOST_AFTER) continue;
      throw new RequestError(0, 'The process that does this no longer answers. The history below shows its runs.');
    }
    misses = 0;
    if (task.status !== 'running') return task;
    show(task);
  }
}

/** undefined: the process that answered does not know it, or none answered */
async function taskOf(tracker: string, kind: TaskKind, signal: AbortSignal): Promise<TaskResource | undefined> {
  try {
    const { data } = await get<ProgressResponse>(['trackers', tracker, 'progress'], {}, signal);
    return data.tasks.find((task) => task.kind === kind);
  } catch (error) {
    if (error instanceof RequestError && (error.status === 0 || error.status >= 500)) return undefined;
    throw error;
  }
}
