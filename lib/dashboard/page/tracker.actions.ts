import type {
  ResultResource,
  TaskKind,
  TaskResource,
  TrackerAction,
  TrackerResource,
  VerifyResponse,
} from '../../http/resources.js';
import { post } from './api.js';
import { button } from './controls.js';
import { askForDates, type Dates } from './dialog.js';
import { differencesTable } from './differences.js';
import { element, fill } from './element.js';
import { formatDate, formatDates, formatDuration, formatNumber } from './format.js';
import { notice } from './notice.js';
import { followTask } from './tracker.progress.js';

interface TaskText {
  readonly action: string;
  readonly doing: string;
  readonly explain: (coverage: string) => string;
}

const TASKS: Readonly<Record<TaskKind, TaskText>> = {
  verify: {
    action: 'Verify',
    doing: 'Verifying',
    explain: (coverage) =>
      `Computes the values again from the source and compares them with the stored ones. Nothing is changed. Leave both dates empty to compare all that is covered${coverage}.`,
  },
  repair: {
    action: 'Repair',
    doing: 'Repairing',
    explain: (coverage) =>
      `Computes the values again from the source and corrects the stored ones that differ. Leave both dates empty to repair all that is covered${coverage}.`,
  },
  backfill: {
    action: 'Backfill',
    doing: 'Backfilling',
    explain: () =>
      "Computes these dates again and replaces what is stored for them with what the source's rows say now. Leave “To” empty to end today.",
  },
};

/** The tasks in the order of their buttons. */
const KINDS = ['verify', 'repair', 'backfill'] as const;

interface ActionsOptions {
  readonly allowed: readonly TrackerAction[];
  /** a task that is running already, whose progress is shown at once */
  readonly running: TaskResource | undefined;
  readonly signal: AbortSignal;
  /** called after each action, which has changed the tracker's state */
  readonly done: () => Promise<TrackerResource>;
}

/** The buttons that run, verify, repair and backfill a tracker, with the progress and the outcome. */
export function actionsOf(tracker: TrackerResource, { allowed, running, signal, done }: ActionsOptions): HTMLElement {
  const outcome = element('div', { role: 'status', class: 'stack' });
  const progress = element('div', { class: 'stack' });
  const details = element('div', { class: 'stack' });
  let { coverage } = tracker;
  const path = (action: string): string[] => ['trackers', tracker.name, action];

  const perform = async (doing: string, work: () => Promise<void>): Promise<void> => {
    setDisabled(true);
    fill(outcome, element('p', { class: 'quiet' }, `${doing} …`));
    fill(details);
    try {
      await work();
      coverage = (await done()).coverage;
    } catch (error) {
      if (!signal.aborted) fill(outcome, notice(error));
    }
    setDisabled(false);
  };

  const run = (): Promise<void> =>
    perform('Running', async () => {
      fill(outcome, ran('Done', (await post<ResultResource>(path('run'), {}, signal)).data));
    });

  const request = async (kind: TaskKind, preset: Dates = {}): Promise<void> => {
    const { action, doing, explain } = TASKS[kind];
    const dates = await askForDates({
      title: `${action} ${tracker.name}`,
      explanation: explain(coverage === null ? '' : `, ${formatDates(coverage.from, coverage.through)}`),
      action,
      dates: preset,
      needsFrom: kind === 'backfill',
    });
    if (dates === null) return;
    buttons.get(kind)?.focus(); // the button that was pressed may go with the differences
    await perform(doing, async () => {
      await post(path(kind), kind === 'backfill' ? dates : { ...dates, background: true }, signal);
      await follow(kind);
    });
  };

  const follow = async (kind: TaskKind): Promise<void> => {
    const { doing } = TASKS[kind];
    const task = await followTask(progress, tracker.name, { kind, label: doing }, signal);
    if (document.activeElement === document.body) buttons.get(kind)?.focus(); // it was on the button that cancels
    show(task);
  };

  const show = (task: TaskResource): void => {
    const { kind, status, date, error, result } = task;
    if (status === 'failed') throw new Error(error ?? 'It failed. The log of the application says why.');
    if (status === 'cancelled' || result === null) fill(outcome, element('p', {}, cancelled(kind, date)));
    else if (kind === 'verify') showDifferences(task, result as VerifyResponse);
    else fill(outcome, ran(kind === 'repair' ? 'Repaired' : 'Done', result as ResultResource));
  };

  const showDifferences = ({ from, to }: TaskResource, found: VerifyResponse): void => {
    const { total } = found;
    fill(outcome, element('p', {}, total === 0 ? 'All stored values are correct.' : `${wrong(total)}.`));
    if (total === 0) return;
    const dates = { ...(from !== null && { from }), ...(to !== null && { to }) };
    const repair = button('Repair these dates', () => void request('repair', dates));
    fill(details, allowed.includes('repair') && element('p', {}, repair), differencesTable(found));
  };

  const buttons = new Map<TrackerAction, HTMLButtonElement>([
    ['run', button('Run now', () => void run(), { class: 'main' })],
    ...KINDS.map((kind) => [kind, button(TASKS[kind].action, () => void request(kind))] as const),
  ]);
  for (const action of [...buttons.keys()]) if (!allowed.includes(action)) buttons.delete(action);
  const setDisabled = (isDisabled: boolean): void => {
    for (const one of buttons.values()) one.setAttribute('aria-disabled', String(isDisabled));
  };
  const controls = element('div', { class: 'controls' }, ...buttons.values());
  // a button that is disabled loses the focus; one that is only called so does not
  controls.addEventListener(
    'click',
    (event) => {
      if ((event.target as Element).getAttribute('aria-disabled') === 'true') event.stopPropagation();
    },
    { capture: true },
  );
  if (running !== undefined) void perform(TASKS[running.kind].doing, () => follow(running.kind));
  return element('section', { class: 'card' }, element('h2', {}, 'Actions'), controls, outcome, progress, details);
}

function ran(done: string, { from, through, written, removed, durationMs }: ResultResource): HTMLElement {
  return element(
    'p',
    {},
    `${done}: ${formatDates(from, through)}, ${rows(written)} written, ${removed} removed, in ${formatDuration(durationMs)}.`,
  );
}

/** Steps of a repair or a backfill that were committed before it was cancelled stay. */
function cancelled(kind: TaskKind, date: string | null): string {
  if (kind === 'verify' || date === null) return 'Cancelled. Nothing was changed.';
  return `Cancelled. The dates through ${formatDate(date)} are done, the later ones are unchanged.`;
}

function rows(count: number): string {
  return `${formatNumber(count)} row${count === 1 ? '' : 's'}`;
}

function wrong(count: number): string {
  return count === 1 ? 'One stored value is wrong' : `${formatNumber(count)} stored values are wrong`;
}
