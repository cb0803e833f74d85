import type {
  ActionsResponse,
  AlertsResponse,
  AnnotationsResponse,
  BackfillResource,
  CoverageResponse,
  ErrorResponse,
  MetricsResponse,
  MultiSeriesResponse,
  OverviewResponse,
  ProgressResponse,
  RankingResponse,
  ResultResource,
  RunsResponse,
  SeriesResponse,
  SummariesResponse,
  SummaryResponse,
  TaskKind,
  TaskResource,
  TopResponse,
  TotalResponse,
  TrackersResponse,
  VerifyResponse,
} from '../http/resources.js';
import { TrackstatsRequestError } from './request.error.js';
import type {
  AnnotationsRequest,
  BackfillRequest,
  CoverageRequest,
  ExportRequest,
  MetricsRequest,
  MultiSeriesRequest,
  OverviewRequest,
  RankingRequest,
  SeriesRequest,
  SummariesRequest,
  SummaryRequest,
  TaskRequest,
  TopRequest,
  TotalRequest,
} from './requests.js';

/** The function that sends requests: the standard `fetch`, or one of the same shape. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The address of the JSON interface, and the way in which it is asked. */
export interface TrackstatsClientOptions {
  /** address of the interface: the application's, with the `path` of `TrackstatsHttpModule` */
  url: string | URL;
  /** headers of each request, or a function that returns them, for tokens that expire */
  headers?: HeadersOf | undefined;
  /** cookies: as in `RequestInit`. @default the default of fetch */
  credentials?: NonNullable<RequestInit['credentials']> | undefined;
  /** @default the global `fetch` */
  fetch?: Fetch | undefined;
}

type HeadersOf = Readonly<Record<string, string>> | (() => HeadersToSend | Promise<HeadersToSend>);
type HeadersToSend = Readonly<Record<string, string>>;

/** Options of every call. */
export interface CallOptions {
  /** aborts the request */
  signal?: AbortSignal | undefined;
}

/**
 * Reads the statistics of an application over its JSON interface, from another service or a page of your own. It has a
 * method for each route, no dependency, and runs in Node and in browsers. Points tell whether they are `complete`, and
 * series the time `asOf` which they were counted.
 *
 * Its methods throw `TrackstatsRequestError` if the interface answers with an error, what `fetch` throws if it does not
 * answer (with the address in the message), and `TypeError` if a key that says what is read is undefined: it would read everything.
 *
 * @example
 * ```ts
 * const trackstats = new TrackstatsClient({
 *   url: 'https://shop.example/trackstats',
 *   headers: { authorization: `Bearer ${process.env.TOKEN}` },
 * });
 * const { points, asOf } = await trackstats.series({ metric: 'shopping/order_count', last: 7 });
 * const closed = points.filter(({ complete }) => complete);
 * ```
 */
export class TrackstatsClient {
  private readonly base: string;

  /** @throws TypeError if `url` is missing */
  constructor(private readonly options: TrackstatsClientOptions) {
    const url = String((options as Partial<TrackstatsClientOptions> | undefined)?.url ?? '');
    if (url === '') {
      throw new TypeError(
        "new TrackstatsClient: url is missing. Expected the address of the JSON interface, such as 'https://shop.example/trackstats'.",
      );
    }
    this.base = url.replace(/\/*$/, '/');
  }

  /** Lists metrics, and what can be asked of each. */
  metrics(request: MetricsRequest = {}, call: CallOptions = {}): Promise<MetricsResponse> {
    return this.get('metrics', request, call);
  }

  /** Returns the last value, the change and a sparkline of each metric. */
  overview(request: OverviewRequest = {}, call: CallOptions = {}): Promise<OverviewResponse> {
    return this.get('overview', request, call);
  }

  /** Returns the total of each metric over a range, with its change and its course. */
  summaries(request: SummariesRequest = {}, call: CallOptions = {}): Promise<SummariesResponse> {
    return this.get('summaries', request, call);
  }

  /** Returns a range of one series as one value. */
  summary(request: SummaryRequest, call: CallOptions = {}): Promise<SummaryResponse> {
    return this.get('summary', request, call);
  }

  /** Returns the points of one series. */
  series(request: SeriesRequest, call: CallOptions = {}): Promise<SeriesResponse> {
    return this.get('series', request, call);
  }

  /** Returns several series over the same dates, by columns. */
  multiSeries(request: MultiSeriesRequest, call: CallOptions = {}): Promise<MultiSeriesResponse> {
    return this.get('multi-series', request, call);
  }

  /** Returns the objects or groups with the greatest values at a date. */
  top(request: TopRequest, call: CallOptions = {}): Promise<TopResponse> {
    return this.get('top', request, call);
  }

  /** Returns the objects or groups with the greatest values over a range. */
  ranking(request: RankingRequest, call: CallOptions = {}): Promise<RankingResponse> {
    return this.get('ranking', request, call);
  }

  /** Returns the sum of the values over a range. */
  total(request: TotalRequest, call: CallOptions = {}): Promise<TotalResponse> {
    return this.get('total', request, call);
  }

  /** Returns the dates for which statistics are complete. */
  coverage(request: CoverageRequest, call: CallOptions = {}): Promise<CoverageResponse> {
    return this.get('coverage', request, call);
  }

  /** Returns notes at dates, such as deployments. */
  annotations(request: AnnotationsRequest = {}, call: CallOptions = {}): Promise<AnnotationsResponse> {
    return this.get('annotations', request, call);
  }

  /** Returns stored statistics as a file. Read its body as a stream, or with `text()`. */
  export(request: ExportRequest, call: CallOptions = {}): Promise<Response> {
    return this.answer('export', request, { signal: call.signal ?? null });
  }

  /** Returns the state of each tracker. */
  trackers(call: CallOptions = {}): Promise<TrackersResponse> {
    return this.get('trackers', {}, call);
  }

  /** Returns the state of each alert. */
  alerts(call: CallOptions = {}): Promise<AlertsResponse> {
    return this.get('alerts', {}, call);
  }

  /** Returns the actions that the user of the request may take. */
  actions(call: CallOptions = {}): Promise<ActionsResponse> {
    return this.get('trackers/actions', {}, call);
  }

  /** Returns the runs of a tracker, the latest first. */
  runs(tracker: string, request: { limit?: number | undefined } = {}, call: CallOptions = {}): Promise<RunsResponse> {
    return this.get(pathOf(tracker, 'runs'), request, call);
  }

  /** Returns the last verification, repair and backfill of a tracker, and their progress. */
  progress(tracker: string, call: CallOptions = {}): Promise<ProgressResponse> {
    return this.get(pathOf(tracker, 'progress'), {}, call);
  }

  /** Returns the last backfill of a tracker that was requested from the process which answers. */
  backfill(tracker: string, call: CallOptions = {}): Promise<BackfillResource> {
    return this.get(pathOf(tracker, 'backfill'), {}, call);
  }

  /** Runs a tracker, and waits for it. */
  run(tracker: string, call: CallOptions = {}): Promise<ResultResource> {
    return this.post(pathOf(tracker, 'run'), {}, call);
  }

  /** Compares the stored statistics of a tracker with a fresh computation, and waits for the differences. */
  verify(tracker: string, request: TaskRequest = {}, call: CallOptions = {}): Promise<VerifyResponse> {
    return this.post(pathOf(tracker, 'verify'), request, call);
  }

  /** Starts a verification. `progress` has its outcome. */
  startVerify(tracker: string, request: TaskRequest = {}, call: CallOptions = {}): Promise<TaskResource> {
    return this.post(pathOf(tracker, 'verify'), { ...request, background: true }, call);
  }

  /** Corrects the differences that a verification finds, and waits for it. */
  repair(tracker: string, request: TaskRequest = {}, call: CallOptions = {}): Promise<ResultResource> {
    return this.post(pathOf(tracker, 'repair'), request, call);
  }

  /** Starts a repair. `progress` has its outcome. */
  startRepair(tracker: string, request: TaskRequest = {}, call: CallOptions = {}): Promise<TaskResource> {
    return this.post(pathOf(tracker, 'repair'), { ...request, background: true }, call);
  }

  /** Starts to compute a range of dates again. `progress` has its outcome. */
  startBackfill(tracker: string, request: BackfillRequest, call: CallOptions = {}): Promise<BackfillResource> {
    return this.post(pathOf(tracker, 'backfill'), request, call);
  }

  /** Cancels the running verification, repair and backfill of a tracker, or one of them. */
  cancel(
    tracker: string,
    request: { kind?: TaskKind | undefined } = {},
    call: CallOptions = {},
  ): Promise<ProgressResponse> {
    return this.post(pathOf(tracker, 'cancel'), request, call);
  }

  private async get<T>(path: string, request: object, { signal }: CallOptions): Promise<T> {
    const response = await this.answer(path, request, { signal: signal ?? null });
    return readJson(response, addressOf(this.base, path, request));
  }

  private async post<T>(path: string, body: object, { signal }: CallOptions): Promise<T> {
    const init = { method: 'POST', body: JSON.stringify(body), signal: signal ?? null };
    return readJson(await this.answer(path, {}, init), addressOf(this.base, path, {}));
  }

  private async answer(path: string, request: object, init: RequestInit): Promise<Response> {
    const { headers = {}, credentials, fetch: send = fetch } = this.options;
    const url = addressOf(this.base, path, request);
    const sending = {
      ...init,
      ...(credentials !== undefined && { credentials }),
      headers: {
        accept: 'application/json',
        // without both, the interface takes no request that writes
        ...(init.method === 'POST' && { 'content-type': 'application/json', 'x-trackstats-request': '1' }),
        ...(typeof headers === 'function' ? await headers() : headers),
      },
    };
    const response = await send(url, sending).catch((error: unknown) => {
      throw withAddress(error, url);
    });
    if (!response.ok) throw new TrackstatsRequestError(response.status, await messagesOf(response), url);
    return response;
  }
}

type Value = string | number | bigint | boolean | null;

function pathOf(tracker: string, route: string): string {
  return `trackers/${encodeURIComponent(tracker)}/${route}`;
}

function addressOf(base: string, path: string, request: object): string {
  return base + path + queryOf(request);
}

async function readJson<T>(response: Response, url: string): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (nameOf(error) !== 'SyntaxError') throw error;
    // the page of another server, whose status may be 200
    const message = `${url} answered, and not with JSON. Expected as url of the client the address of the JSON interface.`;
    throw new TrackstatsRequestError(response.status, [message], url);
  }
}

/** The keys that say what is read. */
const SELECTING: ReadonlySet<string> = new Set([
  'metric',
  'domain',
  'objectType',
  'objectId',
  'statistic',
  'dimensions',
  'date',
  'from',
  'to',
  'last',
]);

function queryOf(request: object): string {
  const query = new URLSearchParams();
  for (const [key, given] of Object.entries(request) as [string, unknown][]) {
    if (given === undefined && !SELECTING.has(key)) continue;
    if (given === undefined) {
      throw new TypeError(`${key} is undefined, which would read everything. Leave the key out, or give it a value.`);
    }
    if (key === 'dimensions') addDimensions(query, given as object);
    else for (const value of listOf(given)) query.append(parameterOf(key), String(value));
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function addDimensions(query: URLSearchParams, dimensions: object): void {
  for (const [name, given] of Object.entries(dimensions) as [string, unknown][]) {
    for (const value of listOf(given)) {
      if (value === undefined) throw new TypeError(`The dimension ${name} is undefined. Give it a value, or null.`);
      if (value === null) query.append('null_dimension', name);
      else query.append(`dimension.${name}`, String(value));
    }
  }
}

/** 'objectType' is the parameter `object_type`. */
function parameterOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function listOf(given: unknown): readonly (Value | undefined)[] {
  return Array.isArray(given) ? (given as (Value | undefined)[]) : [given as Value | undefined];
}

/** Adds the address to an error of `fetch`, which only says that it failed. An abort stays what it is. */
function withAddress(error: unknown, url: string): unknown {
  if (nameOf(error) !== 'TypeError') return error;
  const { message, cause } = error as TypeError & { cause?: { message?: string; code?: string } };
  // the message is empty for a host with several addresses
  const reason = cause?.message || cause?.code;
  return new TypeError(`No answer from ${url}: ${message}${reason ? ` (${reason})` : ''}.`, { cause: error });
}

/** By name, because the errors of `fetch` are of another realm in a test of Jest. */
function nameOf(error: unknown): unknown {
  return (error as { name?: unknown } | null | undefined)?.name;
}

async function messagesOf(response: Response): Promise<readonly string[]> {
  try {
    const { message } = (await response.json()) as Partial<ErrorResponse>;
    return message === undefined ? [] : [message].flat().map(String);
  } catch {
    return [];
  }
}
