import type { ServerResponse } from 'node:http';
import type { NetworkFault } from '../../../src/channels/channel.testsuite.ts';

/** What a test may order for the next status of an account. */
export type MastodonFault =
  | NetworkFault
  | 'accepts and redirects'
  | 'accepts and answers nothing'
  | 'accepts and answers in plain text'
  | 'accepts and answers another shape'
  | 'accepts and never ends its answer'
  | 'accepts and answers far too much'
  | 'echoes the token';

/** An answer that is not a success, in the form of entities/Error. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

/** Misbehaves before anything is accepted. @returns whether that was the answer */
export function failInstead(
  fault: MastodonFault,
  response: ServerResponse,
  { token, resetAt }: { token: string; resetAt: string },
): boolean {
  switch (fault) {
    case 'hangs':
      return true;
    case 'resets':
      response.socket?.resetAndDestroy();
      return true;
    case 'rejects':
      throw new Refusal(422, 'Validation failed: Text is not wanted here');
    case 'rejects the credentials':
      throw new Refusal(401, 'The access token was revoked');
    case 'echoes the token':
      throw new Refusal(403, `Bearer ${token} may not do this`);
    case 'limits the rate':
      sendJson(response, 429, { error: 'Too many requests' }, { 'x-ratelimit-reset': resetAt });
      return true;
    default:
      return false;
  }
}

/** Misbehaves with the answer of a status that exists. @returns whether that was the answer */
export function failAfterAccepting(fault: MastodonFault, response: ServerResponse): boolean {
  switch (fault) {
    case 'accepts and hangs':
      return true;
    case 'accepts and resets':
      response.socket?.resetAndDestroy();
      return true;
    case 'accepts and answers 500':
      sendJson(response, 500, { error: 'Something went wrong on our end' });
      return true;
    case 'accepts and answers garbage':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>It works!</html>');
      return true;
    case 'accepts and redirects':
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
      return true;
    case 'accepts and answers nothing':
      response.writeHead(200, { 'content-type': 'application/json' }).end();
      return true;
    case 'accepts and answers in plain text':
      response.writeHead(200, { 'content-type': 'text/plain' }).end('{"id":"1"}');
      return true;
    case 'accepts and answers another shape':
      sendJson(response, 200, { id: 1, created_at: 'yesterday', content: null });
      return true;
    case 'accepts and never ends its answer':
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":"1",');
      return true;
    case 'accepts and answers far too much':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'x'.repeat(2_000_000) }));
      return true;
    default:
      return false;
  }
}
