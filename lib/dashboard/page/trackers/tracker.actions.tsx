import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type {
  ProgressResponse,
  ResultResource,
  TaskKind,
  TaskResource,
  TrackerAction,
  TrackerResource,
  VerifyResponse,
} from '../../../http/resources.js';
import { post } from '../api.js';
import { type DateChoice, DatesDialog } from '../parts/dialog.js';
import { formatDate, formatDates, formatDuration, formatNumber, plural } from '../parts/format.js';
import { Notice } from '../parts/notice.js';
import { DifferencesTable } from './differences.js';
import { followTask } from './task.polling.js';

interface TaskText {
  readonly action: string;
  readonly doing: string;
  /** beside the button */
  readonly purpose: string;
  readonly explain: (coverage: string) => string;
}

const RUN_PURPOSE = 'Computes the last days again, as the schedule does.';

const TASKS: Readonly<Record<TaskKind, TaskText>> = {
  verify: {
    action: 'Verify',
    doing: 'Verifying',
    purpose: 'Compares stored values with the source. Changes nothing.',
    explain: (coverage) =>
      `Computes the values again from the source and compares them with the stored ones. Nothing is changed. Leave both dates empty to compare all that is covered${coverage}.`,
  },
  repair: {
    action: 'Repair',
    doing: 'Repairing',
    purpose: 'Corrects stored values that differ from the source.',
    explain: (coverage) =>
      `Computes the values again from the source and corrects the stored ones that differ. Leave both dates empty to repair all that is covered${coverage}.`,
  },
  backfill: {
    action: 'Backfill',
    doing: 'Backfilling',
    purpose: 'Replaces the values of the dates that you choose.',
    explain: () =>
      "Computes these dates again and replaces what is stored for them with what the source's rows say now. Leave “To” empty to end today.",
  },
};

/** The tasks in the order of their buttons. */
const KINDS = ['verify', 'repair', 'backfill'] as const;

interface ActionsProps {
  readonly tracker: TrackerResource;
  readonly allowed: readonly TrackerAction[];
  /** a task that is running already, whose progress is shown at once */
  readonly running: TaskResource | undefined;
  /** called after each action, which has changed the tracker's state */
  readonly onDone: () => void;
}

interface Asked {
  readonly kind: TaskKind;
  readonly dates: DateChoice;
}

/** The buttons that run, verify, repair and backfill a tracker, with the progress and the outcome. */
export function TrackerActions({ tracker, allowed, running, onDone }: ActionsProps): JSX.Element {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [doing, setDoing] = useState<{ kind: TaskKind | null; task: TaskResource | null } | null>(null);
  const [outcome, setOutcome] = useState<ComponentChildren>(null);
  const [found, setFound] = useState<TaskResource | null>(null);
  const buttons = useRef(new Map<TrackerAction, HTMLButtonElement>());
  const leaving = useRef(new AbortController());
  const path = (action: string): string[] => ['trackers', tracker.name, action];

  const perform = async (kind: TaskKind | null, work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    const { signal } = leaving.current;
    setDoing({ kind, task: null });
    setFound(null);
    setOutcome(null);
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted) setOutcome(<Notice error={error} />);
    }
    if (signal.aborted) return;
    setDoing(null);
    onDone();
  };

  const run = (): Promise<void> =>
    perform(null, async (signal) => {
      setOutcome(<Ran done="Done" result={(await post<ResultResource>(path('run'), {}, signal)).data} />);
    });

  const follow = async (kind: TaskKind, signal: AbortSignal): Promise<void> => {
    const ended = await followTask(
      tracker.name,
      kind,
      (task) => {
        setDoing({ kind, task });
      },
      signal,
    );
    // the focus was on the button that cancels, which goes
    setTimeout(() => {
      if (document.activeElement === document.body) buttons.current.get(kind)?.focus();
    });
    const { status, date, error, result } = ended;
    if (status === 'failed') throw new Error(error ?? 'It failed. The log of the application says why.');
    if (status === 'cancelled' || result === null) setOutcome(<p>{cancelled(kind, date)}</p>);
    else if (kind === 'verify') {
      const { total } = result as VerifyResponse;
      setOutcome(<p>{total === 0 ? 'All stored values are correct.' : `${wrong(total)}.`}</p>);
      if (total > 0) setFound(ended);
    } else setOutcome(<Ran done={kind === 'repair' ? 'Repaired' : 'Done'} result={result as ResultResource} />);
  };

  const answer = (dates: DateChoice | null): void => {
    const kind = asked?.kind;
    setAsked(null);
    if (dates === null || kind === undefined) return;
    buttons.current.get(kind)?.focus(); // the button that was pressed may go with the differences
    void perform(kind, async (signal) => {
      await post(path(kind), kind === 'backfill' ? dates : { ...dates, background: true }, signal);
      await follow(kind, signal);
    });
  };

  useEffect(() => {
    if (running !== undefined) void perform(running.kind, (signal) => follow(running.kind, signal));
    const { current } = leaving;
    return () => {
      current.abort();
    };
  }, []);

  const isBusy = doing !== null;
  const button = (action: TrackerAction, label: string, purpose: string, press: () => void): JSX.Element => (
    <li key={action}>
      <button
        type="button"
        class={action === 'run' ? 'main' : undefined}
        // a button that is disabled would lose the focus
        aria-disabled={isBusy}
        ref={(made) => {
          if (made !== null) buttons.current.set(action, made);
        }}
        onClick={() => {
          if (!isBusy) press();
        }}
      >
        {label}
      </button>
      <span class="quiet small">{purpose}</span>
    </li>
  );
  const { coverage } = tracker;
  return (
    <section class="card no-print">
      <h2>Actions</h2>
      <ul class="actions">
        {allowed.includes('run') && button('run', 'Run now', RUN_PURPOSE, () => void run())}
        {KINDS.filter((kind) => allowed.includes(kind)).map((kind) =>
          button(kind, TASKS[kind].action, TASKS[kind].purpose, () => {
            setAsked({ kind, dates: {} });
          }),
        )}
      </ul>
      <div role="status" class="stack">
        {doing !== null && <p class="quiet">{doing.kind === null ? 'Running' : TASKS[doing.kind].doing} …</p>}
        {outcome}
      </div>
      {doing?.kind != null && <Progress tracker={tracker.name} kind={doing.kind} task={doing.task} />}
      {found !== null && (
        <div class="stack">
          {allowed.includes('repair') && (
            <p>
              <button
                type="button"
                onClick={() => {
                  setAsked({ kind: 'repair', dates: datesOf(found) });
                }}
              >
                Repair these dates
              </button>
            </p>
          )}
          <DifferencesTable {...(found.result as VerifyResponse)} />
        </div>
      )}
      {asked !== null && (
        <DatesDialog
          title={`${TASKS[asked.kind].action} ${tracker.name}`}
          explanation={TASKS[asked.kind].explain(
            coverage === null ? '' : `, ${formatDates(coverage.from, coverage.through)}`,
          )}
          action={TASKS[asked.kind].action}
          dates={asked.dates}
          needsFrom={asked.kind === 'backfill'}
          onAnswer={answer}
        />
      )}
    </section>
  );
}

interface ProgressProps {
  readonly tracker: string;
  readonly kind: TaskKind;
  /** null: nothing is known of it yet */
  readonly task: TaskResource | null;
}

/** How far a task is, with a button that cancels it. */
function Progress({ tracker, kind, task }: ProgressProps): JSX.Element {
  const [isCancelling, setCancelling] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const cancel = async (): Promise<void> => {
    if (isCancelling) return;
    setCancelling(true);
    setFailure(null);
    try {
      await post<ProgressResponse>(['trackers', tracker, 'cancel'], { kind }, new AbortController().signal);
    } catch (error) {
      setCancelling(false);
      setFailure(error);
    }
  };
  return (
    <div class="stack">
      <progress
        max={1}
        value={task === null || task.date === null ? undefined : task.fraction}
        aria-label={TASKS[kind].doing}
      />
      <div class="row spread">
        <p class="quiet">{isCancelling ? 'Cancelling …' : progressText(kind, task)}</p>
        <button type="button" aria-disabled={isCancelling} onClick={() => void cancel()}>
          Cancel
        </button>
      </div>
      {failure !== null && <Notice error={failure} />}
    </div>
  );
}

function progressText(kind: TaskKind, task: TaskResource | null): string {
  if (task === null || task.date === null) return 'Reading the source …';
  // a verification compares one period after the other, each through the last date
  const state =
    kind === 'verify' ? `${plural(task.differences, 'difference')} so far` : `through ${formatDate(task.date)}`;
  return `${Math.floor(task.fraction * 100)}%, ${state}`;
}

function Ran({ done, result }: { done: string; result: ResultResource }): JSX.Element {
  const { from, through, written, removed, durationMs } = result;
  return (
    <p>
      {`${done}: ${formatDates(from, through)}, ${plural(written, 'row')} written, ${formatNumber(removed)} removed, in ${formatDuration(durationMs)}.`}
    </p>
  );
}

function datesOf({ from, to }: TaskResource): DateChoice {
  return { ...(from !== null && { from }), ...(to !== null && { to }) };
}

/** Steps of a repair or a backfill that were committed before it was cancelled stay. */
function cancelled(kind: TaskKind, date: string | null): string {
  if (kind === 'verify' || date === null) return 'Cancelled. Nothing was changed.';
  return `Cancelled. The dates through ${formatDate(date)} are done, the later ones are unchanged.`;
}

function wrong(count: number): string {
  return count === 1 ? 'One stored value is wrong' : `${formatNumber(count)} stored values are wrong`;
}
