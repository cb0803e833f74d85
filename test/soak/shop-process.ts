import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TrackerRun, TrackResult } from 'nestjs-trackstats';
import { compileApplication } from '../sample-app/compiled.js';
import { SHORT_LIVED } from '../support/short-lived.js';
import type { Answer, Call, Told } from './application/messages.js';
import type { Settings } from './application/settings.js';

type Event = Told['event'];

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The compiled shop, and its processes. */
export class ShopProgram {
  private readonly compiled = compileApplication('test/soak/application', 'shop');
  private readonly processes = new Set<ShopProcess>();

  /** Starts a process of the shop; it may call when its application has started. */
  async start(settings: Settings, env: NodeJS.ProcessEnv = {}): Promise<ShopProcess> {
    const child = spawn(process.execPath, [...SHORT_LIVED, this.compiled.main], {
      env: { ...process.env, NODE_OPTIONS: '', ...env, SHOP: JSON.stringify(settings) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    const shop = new ShopProcess(child);
    this.processes.add(shop);
    void shop.ended.then(() => this.processes.delete(shop));
    await shop.next('ready');
    return shop;
  }

  /** Kills what is left, paused or not. */
  async killAll(): Promise<void> {
    await Promise.all([...this.processes].map((shop) => shop.kill()));
  }

  async remove(): Promise<void> {
    await this.killAll();
    this.compiled.remove();
  }
}

/** The process ended before it answered. */
export class ProcessEnded extends Error {}

export class ShopProcess {
  readonly ended: Promise<End>;
  readonly events: Event[] = [];
  private readonly listeners = new Set<(event: Event) => void>();
  private readonly calls = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  private text = '';
  private called = 0;

  constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (part: string) => (this.text += part));
    child.stderr?.setEncoding('utf8').on('data', (part: string) => (this.text += part));
    child.on('message', (message: Answer | Told) => {
      if ('event' in message) this.hear(message.event);
      else this.settle(message);
    });
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
    void this.ended.then(({ code, signal }) => {
      const error = new ProcessEnded(`the process ended (${String(signal ?? code)}): ${this.text}`);
      for (const { reject } of this.calls.values()) reject(error);
      this.calls.clear();
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** What it has printed so far, to both outputs. */
  get output(): string {
    return this.text;
  }

  call<T>(on: Call['on'], method: string, ...args: unknown[]): Promise<T> {
    const id = ++this.called;
    return new Promise<T>((resolve, reject) => {
      this.calls.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.child.send({ id, on, method, args } satisfies Call, (error) => {
        if (error !== null) reject(new ProcessEnded(error.message));
      });
    });
  }

  run(tracker: string): Promise<TrackResult | null> {
    return this.call('trackers', 'run', tracker);
  }

  /** Runs a tracker as soon as no process holds its lease; again, as a schedule does, where this one was too slow for its lease. */
  async runNext(tracker: string): Promise<TrackResult> {
    for (;;) {
      const result = await this.run(tracker).catch((error: unknown) => {
        if (!/idle-in-transaction timeout|already released/.test(String(error))) throw error;
        return null;
      });
      if (result !== null) return result;
      await pause(20);
    }
  }

  history(tracker: string): Promise<TrackerRun[]> {
    return this.call('trackers', 'history', tracker, { limit: 10_000 });
  }

  /** The next event of a type. */
  next(type: Event['type'], tracker?: string): Promise<Event> {
    return new Promise((resolve, reject) => {
      const listener = (event: Event): void => {
        if (event.type !== type || (tracker !== undefined && event.tracker !== tracker)) return;
        this.listeners.delete(listener);
        resolve(event);
      };
      this.listeners.add(listener);
      void this.ended.then(() => {
        reject(new ProcessEnded(`the process ended: ${this.text}`));
      });
    });
  }

  /** Calls a listener for each event, in the moment in which it is heard. */
  onEvent(listener: (event: Event) => void): void {
    this.listeners.add(listener);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<End> {
    this.child.kill(signal);
    return this.ended;
  }

  private hear(event: Event): void {
    this.events.push(event);
    for (const listener of [...this.listeners]) listener(event);
  }

  private settle({ id, result, error }: Answer): void {
    const call = this.calls.get(id);
    this.calls.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(Object.assign(new Error(error.message), { name: error.name }));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until something is done, or until some time has passed. */
export async function waitAtMost(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([done, timeout]).finally(() => {
    clearTimeout(timer); // it would keep the process of the spec alive
  });
}
