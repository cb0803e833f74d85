import { randomUUID } from 'node:crypto';
import type { OnModuleDestroy } from '@nestjs/common';
import { WebhookError } from '../errors/webhook.error.js';
import { Period } from '../time/period.js';
import { systemClock, type Clock } from '../trackstats.tokens.js';
import { isOptions, text, type Check } from '../validation/check.js';
import { readArgument } from '../validation/options.js';
import { signatureOf } from './signature.js';
import {
  resolveWebhookOptions,
  type ResolvedWebhookOptions,
  type TrackstatsWebhookOptions,
  type WebhookMessage,
} from './webhook.options.js';

/** The clock and the pauses of a webhook. Tests replace them. */
export interface WebhookTime {
  readonly clock: Clock;
  /** waits, and rejects with the signal's reason if that is aborted */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The outcome of one attempt: null if the message was accepted. */
interface Failure {
  readonly problem: string;
  readonly mayRetry: boolean;
  /** milliseconds for which the receiver asks */
  readonly retryAfter: number;
  readonly cause?: unknown;
}

const LONGEST_PAUSE = 60_000;
/** Answers after which another attempt may succeed, beside all of 500 and more. */
const PASSING = [408, 425, 429];

const webhookMessage: Check<WebhookMessage> = (given, refuse) => {
  if (!isOptions(given)) return refuse("Expected a message: { text: 'Orders are below 10' }, or an alert.");
  text(given['text'], (expected) => refuse(expected, { name: 'text', given: given['text'] }));
  if (given['id'] !== undefined) text(given['id'], (expected) => refuse(expected, { name: 'id', given: given['id'] }));
  return given as unknown as WebhookMessage;
};

/**
 * Sends messages to an address as JSON, signed, and again if that fails.
 *
 * @example
 * ```ts
 * @Injectable()
 * export class OrderAlerts {
 *   constructor(private readonly webhook: TrackstatsWebhook) {}
 *
 *   @OnStatistic({ metric: ORDERS, when: below(10) })
 *   fewOrders(alert: StatisticAlert): Promise<void> {
 *     return this.webhook.send(alert);
 *   }
 * }
 * ```
 */
export class TrackstatsWebhook implements OnModuleDestroy {
  private readonly options: ResolvedWebhookOptions;
  private readonly closing = new AbortController();
  /** tests replace it */
  private readonly time: WebhookTime = SYSTEM_TIME;

  /**
   * Creates a webhook beside that of the module, for another address.
   *
   * @throws InvalidPartOptionError
   */
  constructor(options: TrackstatsWebhookOptions) {
    this.options = resolveWebhookOptions(options);
  }

  /**
   * Sends a message, and tries again if the receiver cannot be reached or answers that it is busy or broken. Resolves
   * when the receiver has accepted it.
   *
   * @throws WebhookError if it was not accepted in all attempts, or if the application shuts down; InvalidArgumentError
   * @example await webhook.send({ text: 'The import has ended', rows: 1200 });
   */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- so that a message can have more properties
  async send<M extends WebhookMessage>(message: M): Promise<void> {
    const sent = readArgument('TrackstatsWebhook.send: message', message, webhookMessage);
    const id = sent.id ?? randomUUID();
    const body = JSON.stringify(this.options.body?.(sent) ?? withPeriodName(sent));
    const { retries, retryDelay, url } = this.options;
    for (let attempt = 1; ; attempt++) {
      const failure = await this.attempt(id, body);
      if (failure === null) return;
      const { problem, mayRetry, retryAfter, cause } = failure;
      if (!mayRetry || attempt > retries) throw new WebhookError(url.host, problem, attempt, cause);
      const delay = Math.min(LONGEST_PAUSE, retryDelay * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
      await this.pause(Math.max(delay, retryAfter), problem, attempt);
    }
  }

  /** Ends waits for further attempts, so that they do not keep the application from closing. */
  onModuleDestroy(): void {
    this.closing.abort(new Error('the application shuts down.'));
  }

  private async attempt(id: string, body: string): Promise<Failure | null> {
    const { url, timeout } = this.options;
    const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(timeout)]);
    try {
      const headers = this.headersOf(id, body);
      const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      await response.body?.cancel();
      if (response.ok) return null;
      const mayRetry = response.status >= 500 || PASSING.includes(response.status);
      return { problem: `it answered ${response.status}.`, mayRetry, retryAfter: retryAfterOf(response) };
    } catch (error) {
      return { problem: reasonOf(error, timeout), mayRetry: !this.closing.signal.aborted, retryAfter: 0, cause: error };
    }
  }

  private headersOf(id: string, body: string): Record<string, string> {
    const timestamp = Math.floor(this.time.clock().getTime() / 1000);
    const { key } = this.options;
    return {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      ...(key !== null && { 'webhook-signature': signatureOf(key, { id, timestamp, body }) }),
    };
  }

  private async pause(ms: number, problem: string, attempts: number): Promise<void> {
    try {
      await this.time.pause(ms, this.closing.signal);
    } catch (error) {
      throw new WebhookError(this.options.url.host, `${problem} The application shuts down.`, attempts, error);
    }
  }
}

/** A period is a number, which says nothing to a receiver. */
function withPeriodName(given: WebhookMessage): object {
  const { period } = given as { readonly period?: unknown };
  return typeof period === 'number' ? { ...given, period: Period.nameOf(period as Period) } : given;
}

/** Returns the milliseconds of a header Retry-After in seconds, at most a minute. */
function retryAfterOf({ headers }: Response): number {
  const seconds = Number(headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(LONGEST_PAUSE, seconds * 1000) : 0;
}

function reasonOf(error: unknown, timeout: number): string {
  // by their shape: a tool such as jest gives fetch another Error than this file
  const { name, message, cause } = Object(error) as { name?: unknown; message?: unknown; cause?: unknown };
  if (name === 'TimeoutError') return `it did not answer within ${timeout} ms.`;
  const { message: reason, code } = Object(cause) as { message?: unknown; code?: unknown };
  const texts = [reason, code, message].filter((one) => typeof one === 'string' && one !== '');
  return String(texts[0] ?? error);
}

const SYSTEM_TIME: WebhookTime = {
  clock: systemClock,
  pause: (ms, signal) =>
    new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', end);
        resolve();
      }, ms);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    }),
};
