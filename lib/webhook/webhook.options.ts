import type { FactoryProvider, ModuleMetadata } from '@nestjs/common';
import { InvalidPartOptionError } from '../errors/optional-part.error.js';
import { type Duration, millisecondsOf } from '../time/duration.js';
import { callback, optional, wholeNumber, withDefault, type Check } from '../validation/check.js';
import { type ChecksOf, readOptions } from '../validation/options.js';

/** A message for people, with whatever else the receiver is to know. The alerts of the library are messages. */
export interface WebhookMessage {
  text: string;
  /** of what happened: a message that is sent again has the same one. @default a random one for each call of `send` */
  id?: string | undefined;
}

/** Says where messages are sent, and how often that is tried. */
export interface TrackstatsWebhookOptions {
  /** address to which messages are sent by POST, http or https. It is in no message of an error, as it may be secret */
  url: string;
  /**
   * key of the signature: `whsec_` and 24 to 64 bytes as base64. `whsec_${randomBytes(32).toString('base64')}` makes one
   * @default no signature
   */
  secret?: string | undefined;
  /** time that one attempt may take. @default '10 seconds' */
  timeout?: Duration | undefined;
  /** number of further attempts if the first fails. @default 5 */
  retries?: number | undefined;
  /** pause before the first further attempt. It doubles each time, up to a minute. @default '1 second' */
  retryDelay?: Duration | undefined;
  /**
   * returns what is sent as JSON.
   * @default the message itself, whose `text` Slack, Mattermost and others show; periods are given by their names
   */
  body?: ((message: WebhookMessage) => object) | undefined;
}

/** Configures the webhook by a factory. */
export interface TrackstatsWebhookAsyncOptions {
  imports?: ModuleMetadata['imports'] | undefined;
  inject?: FactoryProvider['inject'] | undefined;
  /** creates the options from the providers in `inject` */
  useFactory: (
    ...args: any[] // eslint-disable-line @typescript-eslint/no-explicit-any -- whatever `inject` names
  ) => TrackstatsWebhookOptions | Promise<TrackstatsWebhookOptions>;
}

/** The options with all defaults; durations in milliseconds. */
export interface ResolvedWebhookOptions {
  readonly url: URL;
  readonly key: Buffer | null;
  readonly timeout: number;
  readonly retries: number;
  readonly retryDelay: number;
  readonly body: ((message: WebhookMessage) => object) | undefined;
}

/** The longest time that a timer of Node can wait: about 24 days. */
const LONGEST_TIMER = 2 ** 31 - 1;
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const [SHORTEST_KEY, LONGEST_KEY] = [24, 64];

function milliseconds(least: number): Check<number> {
  return (given, refuse) => {
    const length = millisecondsOf(given);
    if (length !== null && length >= least && length <= LONGEST_TIMER) return length;
    return refuse(`Expected a whole number of milliseconds, ${least} or more, or text such as '10 seconds'.`);
  };
}

const address: Check<URL> = (given, refuse) => {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : null;
  const isOne = url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '';
  return isOne ? url : refuse("Expected an address of http or https without a user: 'https://hooks.example.com/…'.");
};

const signingKey: Check<Buffer> = (given, refuse) => {
  const key = Buffer.from((typeof given === 'string' && SECRET.exec(given)?.[1]) || '', 'base64');
  if (key.length >= SHORTEST_KEY && key.length <= LONGEST_KEY) return key;
  return refuse(
    `Expected whsec_ and ${SHORTEST_KEY} to ${LONGEST_KEY} bytes as base64: \`whsec_\${randomBytes(32).toString('base64')}\`.`,
  );
};

const OPTIONS = {
  url: address,
  secret: optional(signingKey),
  timeout: withDefault(milliseconds(1), 10_000),
  retries: withDefault(wholeNumber('attempts'), 5),
  retryDelay: withDefault(milliseconds(0), 1_000),
  body: optional(callback<(message: WebhookMessage) => object>('(message) => ({ text: message.text })')),
} satisfies ChecksOf<TrackstatsWebhookOptions>;

/** Options of which a message of an error must not show the value. */
const HIDDEN: readonly (string | null)[] = ['url', 'secret'];

/** @throws InvalidPartOptionError */
export function resolveWebhookOptions(given: unknown): ResolvedWebhookOptions {
  const { secret, ...options } = readOptions(given, OPTIONS, (name, value, expected) => {
    const isHidden = HIDDEN.includes(name) && typeof value === 'string';
    const shown = isHidden ? `text of ${value.length} characters` : value;
    return new InvalidPartOptionError('TrackstatsWebhookModule', name ?? 'options', shown, expected);
  });
  return { ...options, key: secret ?? null };
}
