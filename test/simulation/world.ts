import { setImmediate as turn } from 'node:timers/promises';
import { type Fault, SimulatedError } from './fault.js';
import { Random } from './random.js';
import type { SimulatedDatabase } from './simulated-database.js';
import type { Answer, SqliteSession } from './sqlite-session.js';
import { type TimeKeeper, VirtualTime, type VirtualTimer } from './virtual-time.js';

/** Milliseconds after which the server rolls back a transaction whose client is silent. */
const SERVER_PATIENCE = 60_000;
/** Milliseconds after which a client gives up a connection that no answer comes from. */
const CLIENT_PATIENCE = 900_000;
/** Milliseconds that a statement waits for another one's transaction. */
const LOCK_PATIENCE = 5_000;
/** Writes statistics or coverages. */
const STATISTICS = /^(?:INSERT INTO|UPDATE|DELETE FROM) "trackstats_((?:statistic|coverage)\w*)"/;
/** Turns of the event loop without a statement, after which every process waits for an answer or a timer. */
const CALM_TURNS = 3;

/** A process of the simulation: its timers fire and its statements are executed while it is alive and awake. */
export interface Actor extends TimeKeeper {
  readonly name: string;
  isDead: boolean;
  /** when it goes on; 0 while it is awake */
  asleepUntil: number;
  /** it was paused at some time */
  wasPaused: boolean;
  /** it was dead, paused or cut off for a time: another process may have taken it for dead */
  wasSilent: boolean;
  /** number of statements that it has sent */
  sent: number;
}

/** A connection of a process to the database. */
export interface Connection {
  readonly actor: Actor;
  readonly session: SqliteSession;
  /** no answer gets through any more */
  isSilent: boolean;
  /** the server has ended it, or the client */
  isClosed: boolean;
  /** the tables of statistics and coverages that its transaction has written */
  readonly written: Set<string>;
}

/** A statement that a process has sent, or whose answer has not reached it. */
export interface Statement {
  readonly connection: Connection;
  readonly text: string;
  readonly values: readonly unknown[];
  /** the number of the statement among those of its process, from 1 on */
  readonly number: number;
  readonly arrivedAt: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  /** what came of it, if its process has not heard of it */
  outcome?: Outcome;
  isFaulty?: boolean;
  blockedBy?: Connection;
}

type Outcome = { readonly answer: Answer } | { readonly error: Error };

/** What a world does beside what its processes ask for. */
export interface WorldOptions {
  readonly database: SimulatedDatabase;
  readonly start: number;
  readonly seed: number;
  /** decides what goes wrong at a statement */
  readonly faultAt: (statement: Statement) => Fault | null;
  /** milliseconds that a process sleeps */
  readonly sleepFor: number;
  /**
   * milliseconds after which the server ends a transaction whose process sleeps, as PostgreSQL does; null: it keeps its
   * locks, as MariaDB does
   */
  readonly idleLimit: number | null;
  /** called after each statement that has changed what others see */
  readonly onChange: (statement: Statement, written: ReadonlySet<string>) => void;
  /** true to choose the next event at random, and not the first that came */
  readonly isShuffled: boolean;
  /** makes a mutant of the library */
  readonly mutation?: Mutation | undefined;
}

/** Changes what a statement does, as a mistake in the library would. */
export interface Mutation {
  /**
   * Executes a statement in its own way.
   *
   * @param execute executes any statement on the connection
   * @param changed call it after a commit of the mutant's own
   */
  readonly execute?: (
    statement: Pick<Statement, 'text' | 'values' | 'connection'>,
    execute: (text: string, values?: readonly unknown[]) => Answer,
    changed: () => void,
  ) => Answer;
  /** takes a COMMIT that failed for one that succeeded */
  readonly ignoresFailedCommits?: boolean;
}

interface Event {
  /** null: none of them */
  readonly actor: Actor | null;
  readonly happen: () => void;
}

/** One database, the time, and the order in which things happen. */
export class World {
  readonly time: VirtualTime;
  readonly random: Random;
  /** number of statements that were executed */
  executed = 0;
  options: WorldOptions;
  private readonly tasks: Event[] = [];
  private readonly arrived: Statement[] = [];
  private readonly endings: { readonly at: number; readonly end: () => void }[] = [];
  private writer: Connection | null = null;
  private readonly open = new Set<Connection>();
  private readonly asleep = new Set<Actor>();
  /** when a statement of a process was last refused */
  private readonly refused = new Map<Actor, number>();
  /** counts what processes do, to see when they wait */
  private activity = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.time = new VirtualTime(options.start, this.random);
    options.database.now = () => this.time.now;
    this.time.install();
  }

  // ── what processes do ──

  connect(actor: Actor): Connection {
    const session = this.options.database.take();
    const connection = { actor, session, isSilent: false, isClosed: false, written: new Set<string>() };
    this.open.add(connection);
    return connection;
  }

  /** Closes a connection for its process, and for the server, unless that cannot hear of it. */
  disconnect(connection: Connection): void {
    if (connection.isClosed || connection.isSilent) return;
    this.end(connection);
  }

  send(connection: Connection, text: string, values: readonly unknown[]): Promise<Answer> {
    const { actor } = connection;
    this.activity++;
    return new Promise((resolve, reject) => {
      // the dead wait for ever
      if (actor.isDead) return;
      const number = ++actor.sent;
      this.arrived.push({ connection, text, values, number, arrivedAt: this.time.now, resolve, reject });
    });
  }

  /** Lets a process begin something, when it is its turn. */
  begin<T>(actor: Actor, task: () => Promise<T>): Promise<T> {
    const done = new Promise<T>((resolve, reject) => {
      this.tasks.push({
        actor,
        happen: () => {
          task().then(resolve, reject);
        },
      });
    });
    // looked at later, or never, if the process dies
    done.catch(() => undefined);
    return done;
  }

  /** True if a process waits for a statement that was not executed. */
  hasSent(actor: Actor): boolean {
    return this.arrived.some(({ connection, outcome }) => connection.actor === actor && outcome === undefined);
  }

  // ── what happens to them ──

  /** Ends a process: its statements and timers are gone, and the server rolls back. */
  kill(actor: Actor): void {
    actor.isDead = true;
    actor.wasSilent = true;
    this.time.forget(actor);
    this.asleep.delete(actor);
    for (const connection of [...this.open]) if (connection.actor === actor) this.end(connection);
    for (let place = this.arrived.length - 1; place >= 0; place--) {
      if (this.arrived[place]?.connection.actor === actor) this.arrived.splice(place, 1);
    }
  }

  /** Pauses a process, as SIGSTOP does. */
  pause(actor: Actor): void {
    actor.wasSilent = true;
    actor.wasPaused = true;
    actor.asleepUntil = this.time.now + this.options.sleepFor;
    this.asleep.add(actor);
    const { idleLimit } = this.options;
    if (idleLimit === null) return;
    for (const connection of this.open) {
      if (connection.actor !== actor || !connection.session.inTransaction) continue;
      this.later(idleLimit, () => {
        if (actor.asleepUntil > 0 && connection.session.inTransaction) this.end(connection);
      });
    }
  }

  /** Ends the pause of a process. */
  wake(actor: Actor): void {
    actor.asleepUntil = 0;
    this.asleep.delete(actor);
  }

  /**
   * Lets one thing happen: a statement is executed, an answer comes, a timer fires. Time passes only when nothing else
   * can happen.
   *
   * @param of the processes that have their turn
   * @param until time does not pass beyond it
   * @returns false if nothing more happens until then
   */
  async step(of: (actor: Actor) => boolean = () => true, until = Infinity): Promise<boolean> {
    const isAwake = (actor: Actor): boolean => !actor.isDead && actor.asleepUntil === 0 && of(actor);
    const timer = this.time.nextTimer((owner) => owner === null || isAwake(owner as Actor));
    const events = this.eventsOf(isAwake, timer);
    const event = this.options.isShuffled && events.length > 1 ? this.random.pick(events) : events[0];
    const hasHappened = event !== undefined || this.pass(timer?.at ?? Infinity, until);
    this.time.running = event?.actor ?? null;
    event?.happen();
    await this.calm();
    return hasHappened;
  }

  /** Returns what can happen now, first what Node does first: timers that are due. */
  private eventsOf(isAwake: (actor: Actor) => boolean, timer: VirtualTimer | undefined): Event[] {
    const events: Event[] = [];
    if (timer !== undefined && timer.at <= this.time.now) {
      const fire = (): void => {
        this.time.fire(timer);
      };
      events.push({ actor: timer.owner as Actor | null, happen: fire });
    }
    for (const task of this.tasks) {
      if (task.actor === null || !isAwake(task.actor)) continue;
      const begin = (): void => {
        this.tasks.splice(this.tasks.indexOf(task), 1);
        task.happen();
      };
      events.push({ actor: task.actor, happen: begin });
    }
    for (const statement of this.arrived) {
      const { actor } = statement.connection;
      if (!isAwake(actor) || this.isBlocked(statement)) continue;
      const perform = (): void => {
        this.perform(statement);
      };
      events.push({ actor, happen: perform });
    }
    return events;
  }

  /** Steps until a promise is settled. */
  async settle<T>(promise: Promise<T>, of?: (actor: Actor) => boolean): Promise<T> {
    const settled = this.watch(promise);
    await this.calm();
    while (!settled()) if (!(await this.step(of))) throw new Error('Nothing more happens.');
    return promise;
  }

  /** Returns a function that says if a promise is settled. */
  watch(promise: Promise<unknown>): () => boolean {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
      this.activity++;
    };
    promise.then(settle, settle);
    return () => isSettled;
  }

  /** Lets everything happen until an instant. */
  async runUntil(instant: number): Promise<void> {
    await this.calm();
    while (await this.step(undefined, instant));
    this.time.moveTo(instant);
  }

  /** Lets everything happen until no transaction keeps others from writing. */
  async untilUnlocked(): Promise<void> {
    while (this.writer !== null && (await this.step()));
  }

  /** Ends everything, and gives the time back to the system. */
  close(): void {
    for (const connection of [...this.open]) this.end(connection);
    this.time.uninstall();
  }

  // ── ──

  /** Waits until each process waits for an answer or for a timer. */
  async calm(): Promise<void> {
    for (let calm = 0, before = this.activity; calm < CALM_TURNS;) {
      await turn();
      if (this.activity === before) calm++;
      else [calm, before] = [0, this.activity];
    }
  }

  /** Moves time to the next thing that happens: a timer, the end of a sleep, of a connection or of a wait. */
  private pass(timer: number, until: number): boolean {
    const wakes = [...this.asleep].map((actor) => actor.asleepUntil);
    // one that has waited long enough is refused when its process has its turn, which may be paused
    const locked = this.arrived
      .filter((one) => one.blockedBy !== undefined)
      .map((one) => one.arrivedAt + LOCK_PATIENCE)
      .filter((at) => at > this.time.now);
    const next = Math.min(timer, ...wakes, ...locked, ...this.endings.map(({ at }) => at));
    if (next === Infinity || next > until) return false;
    this.time.moveTo(next);
    for (const actor of this.asleep) {
      if (actor.asleepUntil <= this.time.now) this.wake(actor);
    }
    for (const ending of this.endings.filter(({ at }) => at <= this.time.now)) {
      this.endings.splice(this.endings.indexOf(ending), 1);
      ending.end();
    }
    return true;
  }

  private isBlocked(statement: Statement): boolean {
    if (statement.blockedBy === undefined) return false;
    if (statement.blockedBy !== this.writer) {
      delete statement.blockedBy;
      return false;
    }
    return this.time.now < statement.arrivedAt + LOCK_PATIENCE;
  }

  private perform(statement: Statement): void {
    const { connection } = statement;
    const { outcome } = statement;
    if (outcome !== undefined) {
      this.remove(statement);
      if ('answer' in outcome) statement.resolve(outcome.answer);
      else statement.reject(outcome.error);
      return;
    }
    if (connection.isClosed || connection.isSilent) {
      this.remove(statement);
      statement.reject(new SimulatedError('The connection was lost.'));
      return;
    }
    const fault = statement.isFaulty === true ? null : this.options.faultAt(statement);
    if (fault === null) this.execute(statement);
    else this.fail(statement, fault);
  }

  private fail(statement: Statement, fault: Fault): void {
    const { connection } = statement;
    const { actor } = connection;
    switch (fault) {
      case 'fails before':
        this.remove(statement);
        // the second one may have been to give a lease back, which then runs out
        if (this.time.now - (this.refused.get(actor) ?? -Infinity) < SERVER_PATIENCE) actor.wasSilent = true;
        this.refused.set(actor, this.time.now);
        if (statement.text === 'COMMIT' && this.options.mutation?.ignoresFailedCommits === true) {
          if (this.writer === connection) this.writer = null;
          connection.session.rollBack();
          statement.resolve({ records: [], affected: 0 });
          return;
        }
        statement.reject(new SimulatedError('The database has refused the statement.'));
        return;
      case 'dies before':
        this.kill(actor);
        return;
      case 'sleeps before':
        statement.isFaulty = true;
        this.pause(actor);
        return;
      default:
    }
    const answer = this.attempt(statement);
    if (answer === null) return;
    switch (fault) {
      case 'fails after':
        // it may have a lease that it does not know of
        actor.wasSilent = true;
        this.end(connection);
        statement.reject(new SimulatedError('The connection was lost.'));
        return;
      case 'acknowledgement lost':
        connection.isSilent = true;
        actor.wasSilent = true;
        this.later(SERVER_PATIENCE, () => {
          this.end(connection);
        });
        this.later(CLIENT_PATIENCE, () => {
          this.answerLater(statement, { error: new SimulatedError('The connection timed out.') });
        });
        return;
      case 'dies after':
        this.kill(actor);
        return;
      case 'sleeps after':
        this.answerLater(statement, { answer });
        this.pause(actor);
    }
  }

  /** Keeps what came of a statement until its process is awake. */
  private answerLater(statement: Statement, outcome: Outcome): void {
    if (!statement.connection.actor.isDead) this.arrived.push({ ...statement, outcome });
  }

  private execute(statement: Statement): void {
    const answer = this.attempt(statement);
    if (answer !== null) statement.resolve(answer);
  }

  /** Executes a statement, or returns null: it waits for another one's transaction, or is refused. */
  private attempt(statement: Statement): Answer | null {
    const { connection, text } = statement;
    const { session } = connection;
    const wasInTransaction = session.inTransaction;
    const { writer } = this;
    const mayWait = this.time.now < statement.arrivedAt + LOCK_PATIENCE;
    if (mayWait && writer !== null && writer !== connection && text.startsWith('BEGIN IMMEDIATE')) {
      statement.blockedBy = writer;
      return null;
    }
    try {
      const answer = this.executeOn(statement);
      this.executed++;
      this.remove(statement);
      if (text.startsWith('BEGIN IMMEDIATE')) this.writer = connection;
      if (this.writer === connection && !session.inTransaction) this.writer = null;
      const [, table] = STATISTICS.exec(text) ?? [];
      if (table !== undefined) connection.written.add(table);
      if (session.inTransaction) return answer;
      if (text === 'COMMIT' || (!wasInTransaction && answer.affected > 0)) {
        this.options.onChange(statement, connection.written);
      }
      connection.written.clear();
      return answer;
    } catch (error) {
      const isBusy = (error as { code?: string }).code === 'SQLITE_BUSY';
      if (isBusy && mayWait && writer !== null && writer !== connection) {
        statement.blockedBy = writer;
        return null;
      }
      // a transaction whose client is paused or not heard keeps others from renewing their leases
      if (isBusy) connection.actor.wasSilent = true;
      this.remove(statement);
      statement.reject(error);
      return null;
    }
  }

  private executeOn(statement: Statement): Answer {
    const { session } = statement.connection;
    const execute = (text: string, values: readonly unknown[] = []): Answer => session.execute(text, values);
    const mutate = this.options.mutation?.execute;
    if (mutate === undefined) return execute(statement.text, statement.values);
    return mutate(statement, execute, () => {
      this.options.onChange(statement, statement.connection.written);
    });
  }

  private remove(statement: Statement): void {
    const place = this.arrived.indexOf(statement);
    if (place >= 0) this.arrived.splice(place, 1);
  }

  /** The server ends a connection. */
  private end(connection: Connection): void {
    if (connection.isClosed) return;
    connection.isClosed = true;
    this.open.delete(connection);
    if (this.writer === connection) this.writer = null;
    connection.session.rollBack();
    connection.written.clear();
    this.options.database.giveBack(connection.session);
  }

  private later(ms: number, end: () => void): void {
    this.endings.push({ at: this.time.now + ms, end });
  }
}
