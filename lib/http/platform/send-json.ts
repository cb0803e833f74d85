import type { HttpAdapterHost } from '@nestjs/core';

type HttpAdapter = HttpAdapterHost['httpAdapter'];

interface Sending {
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sends a body that is JSON already, by Nest's abstraction of the platform. `nosniff`, because a body holds text of
 * strangers (labels, object ids), which no browser may take for a page.
 */
export function sendJson(adapter: HttpAdapter, response: unknown, body: string, { status, headers }: Sending): void {
  if (adapter.isHeadersSent(response)) return;
  adapter.setHeader(response, 'Content-Type', 'application/json; charset=utf-8');
  adapter.setHeader(response, 'X-Content-Type-Options', 'nosniff');
  for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
  adapter.reply(response, body, status);
}
