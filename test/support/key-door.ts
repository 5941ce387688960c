import { once } from 'node:events';
import {
  connect,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';

/** What a door was asked, by call. */
export interface KnockOnDoor {
  path: string;
  namespace: string | undefined;
  isAllowed: boolean;
}

/** A server with TLS in front of an engine that lets calls in by their API key, as Temporal Cloud does. */
export interface KeyDoor {
  port: number;
  knocks: KnockOnDoor[];
  close(): Promise<void>;
}

/** gRPC status UNAUTHENTICATED. */
const UNAUTHENTICATED = '16';

/** @param address `host:port` of the engine behind it, which has no TLS. */
export async function openKeyDoor(
  address: string,
  { apiKey, ...certificate }: { apiKey: string; cert: Buffer; key: Buffer },
): Promise<KeyDoor> {
  const engine = connect(`http://${address}`);
  engine.on('error', () => {});
  const knocks: KnockOnDoor[] = [];
  const server = createSecureServer(certificate);
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const isAllowed = headers.authorization === `Bearer ${apiKey}`;
    const namespace = headers['temporal-namespace'];
    knocks.push({ path: headers[':path'] ?? '', namespace: namespace?.toString(), isAllowed });
    if (isAllowed) forward(stream, headers);
    else stream.respond(refusal(), { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the door has no port');

  function forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const call = engine.request(headers);
    let trailers: IncomingHttpHeaders = {};
    call.on('error', () => stream.close());
    call.on('trailers', (last) => {
      trailers = last;
    });
    call.on('response', (answer) => {
      // An answer without a body says everything in its head.
      const endStream = answer['grpc-status'] !== undefined;
      if (!stream.destroyed) stream.respond(answer, { endStream, waitForTrailers: !endStream });
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('close', () => call.close());
    stream.pipe(call).pipe(stream);
  }

  return {
    port: bound.port,
    knocks,
    async close() {
      for (const session of sessions) session.destroy();
      engine.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function refusal() {
  return {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': UNAUTHENTICATED,
    'grpc-message': 'the API key is not valid',
  };
}
