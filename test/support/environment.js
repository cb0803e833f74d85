/**
 * Runs each spec file in Node, and checks it at its end. A file fails if it leaves a timer, socket, server or process that
 * would keep a worker alive until jest kills it, or if it calls PostgreSQL's driver while the connection is busy, which
 * pg 9 will refuse. JavaScript, because jest loads it without the TypeScript transform.
 */
import { TestEnvironment } from 'jest-environment-node';

/** Milliseconds that closing may take on a busy machine. */
const GRACE_MS = 2_000;
const BUSY_CLIENT = 'client is already executing a query';

export default class SpecEnvironment extends TestEnvironment {
  #handlesBefore = new Set();
  /** timer → where it was started */
  #timers = new Map();
  #busyClient = null;
  #listener = (warning) => {
    if (warning.message.includes(BUSY_CLIENT)) this.#busyClient ??= warning;
  };

  async setup() {
    await super.setup();
    for (const name of ['setTimeout', 'setInterval']) this.global[name] = this.#recorded(this.global[name]);
    this.#handlesBefore = new Set(process._getActiveHandles());
    process.on('warning', this.#listener);
  }

  async teardown() {
    const left = await this.#left();
    process.off('warning', this.#listener);
    await super.teardown();
    if (this.#busyClient !== null) throw this.#busyClient;
    if (left.length > 0) {
      const message = `The spec leaves open what keeps its process alive. Close it in afterAll or afterEach:\n${left.join('\n')}`;
      throw Object.assign(new Error(message), { stack: message }); // the stack of this file says nothing about the spec
    }
  }

  #recorded(start) {
    const recorded = (...args) => {
      const timer = start(...args);
      if (this.#timers.size % 1_000 === 999) this.#forgetEnded();
      const at = {};
      Error.captureStackTrace(at, recorded);
      this.#timers.set(timer, at);
      return timer;
    };
    // util.promisify(setTimeout) uses it
    return Object.defineProperties(recorded, Object.getOwnPropertyDescriptors(start));
  }

  #forgetEnded() {
    for (const timer of this.#timers.keys()) if (timer._destroyed || !timer.hasRef()) this.#timers.delete(timer);
  }

  async #left() {
    const until = performance.now() + GRACE_MS;
    for (;;) {
      this.#forgetEnded();
      const handles = process
        ._getActiveHandles()
        .filter((each) => !isStandardStream(each) && !this.#handlesBefore.has(each));
      const left = [...handles.map(describeHandle), ...[...this.#timers.values()].map(timerStartedAt)];
      if (left.length === 0 || performance.now() > until) return left;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Node opens stdin, stdout and stderr on first use. They keep no process alive. */
function isStandardStream({ fd }) {
  return fd === 0 || fd === 1 || fd === 2;
}

function describeHandle(handle) {
  const of =
    handle.spawnfile ?? (handle.remotePort === undefined ? '' : `${handle.remoteAddress}:${handle.remotePort}`);
  return `${handle.constructor.name} ${of}`.trim();
}

function timerStartedAt({ stack }) {
  return stack
    .replace(/^Error.*/, 'Timer')
    .split('\n')
    .slice(0, 8)
    .join('\n');
}
