import { SENDER_HEADER } from '../../../src/channels/sandbox/protocol.ts';
import {
  createHttpClient as createPlainClient,
  type HttpClient,
  type HttpClientOptions,
} from '../../../src/http/http-client.ts';

/** The real client; each request of it says which process sends, so that a hook can kill exactly that one. */
export function createHttpClient(options?: HttpClientOptions): HttpClient {
  const client = createPlainClient(options);
  const named = <T extends { headers?: Readonly<Record<string, string>> }>(request: T): T => ({
    ...request,
    headers: { ...request.headers, [SENDER_HEADER]: String(process.pid) },
  });
  return {
    ...client,
    request: (request) => client.request(named(request)),
    requestJson: (request, schema) => client.requestJson(named(request), schema),
  };
}
