import type { ErrorResponse } from '../../http/resources.js';

/** The scripts stand two folders below the page, and the interface beside them: wherever a proxy puts both. */
const INTERFACE = new URL(/* @vite-ignore */ '../../api/', import.meta.url);

/** An application's answer with its time: the page follows the server's clock. */
export interface Answer<T> {
  readonly data: T;
  /** ISO 8601 */
  readonly now: string;
}

export type Query = Readonly<Record<string, string | number | readonly string[] | null>>;

/** A request that was answered with an error, or not at all. */
export class RequestError extends Error {
  /** @param status of HTTP; 0: there was no answer */
  constructor(
    readonly status: number,
    message: string,
    readonly details: readonly string[] = [],
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

/**
 * Asks the interface.
 *
 * @param path its parts; each is encoded
 * @throws RequestError, and what an aborted signal throws
 */
export async function get<T>(path: readonly string[], query: Query, signal: AbortSignal): Promise<Answer<T>> {
  return answered(path, query, { signal });
}

/** Has the interface do something: JSON, which no form of another site can send. */
export async function post<T>(path: readonly string[], body: object, signal: AbortSignal): Promise<Answer<T>> {
  return answered(path, {}, { signal, method: 'POST', body: JSON.stringify(body) });
}

async function answered<T>(path: readonly string[], query: Query, request: RequestInit): Promise<Answer<T>> {
  const address = new URL(path.map(encodeURIComponent).join('/'), INTERFACE);
  for (const [name, value] of Object.entries(query)) {
    if (value === null) continue;
    for (const one of typeof value === 'object' ? value : [value]) address.searchParams.append(name, String(one));
  }
  const response = await sent(address, request);
  if (!response.ok) throw await refused(response);
  if (!(response.headers.get('content-type') ?? '').includes('json')) throw signedOut(0);
  const data = (await response.json()) as T;
  return { data, now: new Date(response.headers.get('date') ?? response.headers.get('x-now') ?? 0).toISOString() };
}

async function sent(address: URL, request: RequestInit): Promise<Response> {
  const headers = { Accept: 'application/json', ...(request.method === 'POST' ? POSTED : {}) };
  try {
    return await fetch(address, { ...request, headers, credentials: 'same-origin' });
  } catch (error) {
    if (request.signal?.aborted === true) throw error;
    throw new RequestError(0, 'The application does not answer. It may be restarting, or the network is down.');
  }
}

const POSTED = { 'Content-Type': 'application/json', 'X-Trackstats-Request': '1' };

async function refused(response: Response): Promise<RequestError> {
  if (response.status === 401) return signedOut(401);
  if (response.status === 403) return new RequestError(403, 'You are not allowed to see or do this.');
  const details = await detailsOf(response);
  const [first, ...others] = details;
  return new RequestError(
    response.status,
    first ?? `The application answered with the status ${response.status}.`,
    others,
  );
}

function signedOut(status: number): RequestError {
  return new RequestError(status, 'You are not signed in any more. Sign in and load this page again.');
}

async function detailsOf(response: Response): Promise<string[]> {
  try {
    const { message } = (await response.json()) as Partial<ErrorResponse>;
    return message === undefined ? [] : [message].flat().map(String);
  } catch {
    return [];
  }
}
