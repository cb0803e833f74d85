import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  AlertService,
  below,
  defineDomain,
  defineMetric,
  InvalidArgumentError,
  OnStatistic,
  StatisticService,
  type StatisticAlert,
} from 'nestjs-trackstats';
import { TestClock } from 'nestjs-trackstats/testing';
import {
  InvalidPartOptionError,
  TrackstatsWebhook,
  TrackstatsWebhookModule,
  WebhookError,
  type TrackstatsWebhookOptions,
} from 'nestjs-trackstats/webhook';
import { signatureOf } from '../../lib/webhook/signature.js';
import { closeApplications, QUIET } from '../module/application.js';
import { endLeases, startAt } from '../alerts/application.js';

const STOCK = defineMetric({ domain: defineDomain({ ref: 'hooked' }), ref: 'stock' });
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver. It answers with a status for each request, 200 after the last, or not at all. */
class Receiver {
  readonly received: Received[] = [];
  answers: (number | { readonly status: number; readonly after: string } | 'nothing' | 'reset')[] = [];
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const answer = this.answers.shift() ?? 200;
      if (answer === 'nothing') return;
      if (answer === 'reset') return void request.socket.resetAndDestroy();
      const { status, after } = typeof answer === 'number' ? { status: answer, after: '' } : answer;
      response.writeHead(status, { location: '/elsewhere', ...(after !== '' && { 'retry-after': after }) }).end('text');
    });
  });

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/T0/secret`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

describe('TrackstatsWebhook', () => {
  let receiver: Receiver;
  let url: string;
  let pauses: number[];
  const clock = new TestClock('2026-11-30T12:00:00Z');

  beforeEach(async () => {
    receiver = new Receiver();
    url = await receiver.listen();
    pauses = [];
  });
  afterEach(async () => {
    await closeApplications();
    await receiver.close();
  });

  /** A webhook whose pauses take no time. The clock moves by them. */
  const webhook = (options: Partial<TrackstatsWebhookOptions> = {}): TrackstatsWebhook =>
    Object.assign(new TrackstatsWebhook({ url, ...options }), {
      time: {
        clock: clock.now,
        pause: (ms: number) => {
          pauses.push(ms);
          clock.advance('1 minute');
          return Promise.resolve();
        },
      },
    });

  it('signs as Standard Webhooks says', () => {
    // the example that the project publishes, and that libraries of other languages test themselves against
    const parts = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' };
    expect(signatureOf(Buffer.from(SECRET.slice(6), 'base64'), parts)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('sends a message as JSON, whose signature the receiver can verify', async () => {
    await webhook({ secret: SECRET }).send({ text: 'Ötzi', id: 'one', rows: 3 });
    const [{ headers, body }] = receiver.received as [Received];
    expect(JSON.parse(body)).toEqual({ text: 'Ötzi', id: 'one', rows: 3 });
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'one' });
    const timestamp = String(headers['webhook-timestamp']);
    expect(Math.abs(Number(timestamp) - clock.now().getTime() / 1000)).toBeLessThan(1);
    const hash = createHmac('sha256', Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'));
    expect(headers['webhook-signature']).toBe(`v1,${hash.update(`one.${timestamp}.${body}`).digest('base64')}`);
  });

  it('sends without a signature where there is no secret, and the body that it is told', async () => {
    await webhook({ body: ({ text }) => ({ content: text }) }).send({ text: 'hello' });
    const [{ headers, body }] = receiver.received as [Received];
    expect(body).toBe('{"content":"hello"}');
    expect(headers['webhook-signature']).toBeUndefined();
    expect(headers['webhook-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('tries again with growing pauses, under the same id, and signs each attempt', async () => {
    receiver.answers = [503, 'reset', 429, 500];
    await webhook({ secret: SECRET, retryDelay: '2 seconds' }).send({ text: 'hello' });
    expect(receiver.received).toHaveLength(5);
    const values = (header: string): Set<unknown> => new Set(receiver.received.map(({ headers }) => headers[header]));
    expect(values('webhook-id').size).toBe(1);
    expect(values('webhook-timestamp').size).toBe(5);
    expect(values('webhook-signature').size).toBe(5);
    expect(pauses).toHaveLength(4);
    for (const [place, ms] of pauses.entries()) {
      expect(ms).toBeGreaterThanOrEqual(1_000 * 2 ** place);
      expect(ms).toBeLessThanOrEqual(2_000 * 2 ** place);
    }
  });

  it('waits for as long as the receiver asks, up to a minute', async () => {
    receiver.answers = [
      { status: 429, after: '30' },
      { status: 503, after: '3600' },
      { status: 503, after: 'soon' },
    ];
    await webhook({ retryDelay: 0 }).send({ text: 'hello' });
    expect(pauses).toEqual([30_000, 60_000, 0]);
  });

  it.each([
    [[404], 1, 'it answered 404.'],
    [[302], 1, 'it answered 302.'],
    [[500, 501, 502], 3, 'it answered 502.'],
    [['nothing', 'nothing', 'nothing'], 3, 'it did not answer within 40 ms.'],
  ] as const)('gives up after %j', async (answers, attempts, problem) => {
    receiver.answers = [...answers];
    const sent = webhook({ retries: 2, ...(answers[0] === 'nothing' && { timeout: 40 }) }).send({ text: 'hello' });
    await expect(sent).rejects.toThrow(WebhookError);
    const { host } = new URL(url);
    await expect(sent).rejects.toThrow(
      `The webhook of ${host} did not accept a message in ${attempts} attempt${attempts === 1 ? '' : 's'}: ${problem}`,
    );
    await expect(sent).rejects.not.toThrow('secret');
    expect(pauses).toHaveLength(attempts - 1);
  });

  it('names what is wrong where nobody listens', async () => {
    const other = new Receiver();
    const gone = await other.listen();
    await other.close();
    await expect(webhook({ url: gone, retries: 1 }).send({ text: 'hello' })).rejects.toThrow(
      /2 attempts: .*ECONNREFUSED/,
    );
  });

  it('does not keep the application from closing', async () => {
    receiver.answers = [503, 'nothing'];
    const module = await Test.createTestingModule({
      imports: [TrackstatsWebhookModule.forRootAsync({ useFactory: () => ({ url, retryDelay: '1 hour' }) })],
    })
      .setLogger(QUIET)
      .compile();
    const first = module.get(TrackstatsWebhook).send({ text: 'hello' });
    while (receiver.received.length < 1) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = module.get(TrackstatsWebhook).send({ text: 'hello' });
    while (receiver.received.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const outcomes = Promise.allSettled([first, second]);
    await module.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'TRACKSTATS_WEBHOOK' } });
      expect(String((outcome as PromiseRejectedResult).reason)).toMatch(/the application shuts down/i);
    }
  });

  it('sends an alert again later where the receiver was down all the time', async () => {
    class Alerts {
      constructor(private readonly hook: TrackstatsWebhook) {}

      @OnStatistic({ metric: STOCK, when: below(10) })
      onAlert(alert: StatisticAlert): Promise<void> {
        return this.hook.send(alert);
      }
    }
    const logged = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    const module = await startAt(clock, {
      imports: [TrackstatsWebhookModule.forRoot({ url, secret: SECRET, retries: 1, retryDelay: 0 })],
      providers: [
        { provide: Alerts, useFactory: (hook: TrackstatsWebhook) => new Alerts(hook), inject: [TrackstatsWebhook] },
      ],
    });
    await module.get(StatisticService).record({ metric: STOCK, value: 3, date: '2026-11-29' });
    receiver.answers = [503, 503];
    await module.get(AlertService).evaluate();
    expect(String(logged.mock.calls[0]?.[0])).toContain('its method failed');
    logged.mockRestore();
    await endLeases(module);
    await module.get(AlertService).evaluate();
    expect(receiver.received).toHaveLength(3);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(JSON.parse(receiver.received[2]!.body)).toMatchObject({
      text: 'hooked/stock is 3 on 2026-11-29 (below 10)',
      status: 'firing',
      metric: 'hooked/stock',
      period: 'DAY',
      value: 3,
      attempt: 2,
    });
    expect(await module.get(AlertService).list()).toMatchObject([{ undelivered: null }]);
  });

  it.each([
    [{ url: 'hooks.example.com/secret' }, 'url is "text of 24 characters". Expected an address of http or https'],
    [{ url: 'ftp://example.com' }, 'url is "text of 17 characters".'],
    [{ url: undefined }, 'url is undefined.'],
    [{ secret: 'whsec_c2hvcnQ=' }, 'secret is "text of 14 characters". Expected whsec_ and 24 to 64 bytes as base64'],
    [{ secret: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }, 'secret is "text of 32 characters".'],
    [{ retries: -1 }, 'retries is -1. Expected a whole number of attempts, 0 or more.'],
    [{ timeout: 0 }, 'timeout is 0. Expected a whole number of milliseconds, 1 or more'],
    [{ retryDelay: 'soon' }, 'retryDelay is "soon".'],
    [{ body: {} }, 'body is an object with the keys []. Expected a function'],
    [{ channel: '#ops' }, 'channel is "#ops". This option does not exist here.'],
  ])('refuses %j', (given, reason) => {
    const options = { url, ...given } as never;
    expect(() => TrackstatsWebhookModule.forRoot(options)).toThrow(InvalidPartOptionError);
    expect(() => TrackstatsWebhookModule.forRoot(options)).toThrow(`TrackstatsWebhookModule: ${reason}`);
  });

  it('refuses messages that are none', async () => {
    for (const given of [undefined, 'text', {}, { text: '' }, { text: 'a', id: 5 }])
      await expect(webhook().send(given as never)).rejects.toThrow(InvalidArgumentError);
    expect(() => TrackstatsWebhookModule.forRootAsync({} as never)).toThrow(InvalidPartOptionError);
    expect(receiver.received).toEqual([]);
  });
});
