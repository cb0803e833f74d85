import type { ProgressResponse, TaskKind, TaskResource } from '../../../http/resources.js';
import { get, RequestError } from '../api.js';

/** How often the page asks for the progress, in milliseconds: soon for a short task, then once a second. */
const [FIRST_POLL, POLL] = [100, 1_000];

/** Polls in a row without the task, as of a restart or of a balancer that asks another process, until the page gives up. */
const LOST_AFTER = 10;

/**
 * Asks for a task until it has ended.
 *
 * @param show called with each state that is not the last
 * @returns the task when it has ended
 * @throws RequestError if no process answers for it
 */
export async function followTask(
  tracker: string,
  kind: TaskKind,
  show: (task: TaskResource) => void,
  signal: AbortSignal,
): Promise<TaskResource> {
  let misses = 0;
  for (let wait = FIRST_POLL; ; wait = Math.min(wait * 2, POLL)) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    signal.throwIfAborted();
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
