import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { AppBskyFeedPost, jsonToLex } from '@atproto/api';
import type { NetworkFault } from '../../src/channels/channel.testsuite.ts';
import type { Json } from './api-fixture.ts';

/** The part of a personal data server that the adapter calls, with a switch for everything that can go wrong. */
export interface FakePds {
  url: string;
  did: string;
  password: string;
  /** Accepted records by their key. */
  records: Map<string, Json>;
  /** Accepted writes by record key: more than one would be a second post. */
  writes: Map<string, number>;
  /** Methods in the order they were called. */
  calls: string[];
  /** Every header and body that came in, as text. */
  said: string[];
  /** Makes the next write at a record key go wrong. */
  fail(rkey: string, fault: NetworkFault): void;
  /** Answers every call of a method itself. */
  answer(method: string, answer: ((response: ServerResponse) => void) | null): void;
  /** Every access token so far is refused from now on. */
  expireTokens(): void;
  /** The same for refresh tokens. */
  expireRefreshTokens(): void;
  close(): Promise<void>;
}

const GARBAGE = '<html>welcome to the hotel network</html>';

export async function startFakePds({ handle = 'baton.test' } = {}): Promise<FakePds> {
  const did = `did:plc:${createHash('sha256').update(handle).digest('hex').slice(0, 24)}`;
  const access = new Set<string>();
  const refresh = new Set<string>();
  const faults = new Map<string, NetworkFault>();
  const answers = new Map<string, (response: ServerResponse) => void>();
  const pds: Omit<FakePds, 'url' | 'close'> = {
    did,
    password: `pw-${randomUUID()}`,
    calls: [],
    said: [],
    records: new Map(),
    writes: new Map(),
    fail: (rkey, fault) => void faults.set(rkey, fault),
    answer: (method, answer) =>
      void (answer === null ? answers.delete(method) : answers.set(method, answer)),
    expireTokens: () => access.clear(),
    expireRefreshTokens: () => refresh.clear(),
  };

  function tokens() {
    const made = { accessJwt: `access-${randomUUID()}`, refreshJwt: `refresh-${randomUUID()}` };
    access.add(made.accessJwt);
    refresh.add(made.refreshJwt);
    return { ...made, did, handle };
  }

  function put(body: Json, response: ServerResponse): ServerResponse {
    const { rkey, record } = body;
    const fault = faults.get(rkey);
    // A token that is refused stays refused, whichever is tried.
    if (fault !== 'rejects the credentials') faults.delete(rkey);
    switch (fault) {
      case 'hangs':
        return response;
      case 'resets':
        return response.destroy();
      case 'rejects':
        return refuse(response, 400, 'InvalidRequest', 'the record is not taken');
      case 'rejects the credentials':
        return refuse(response, 401, 'AuthMissing', 'not with this token');
      case 'limits the rate':
        response.setHeader('ratelimit-reset', Math.floor(Date.now() / 1000) + 30);
        return refuse(response, 429, 'RateLimitExceeded', 'too many writes');
    }
    const refusal = recordRefusal(record);
    if (refusal !== null) return refuse(response, 400, 'InvalidRequest', refusal);
    const standing = pds.records.get(rkey);
    if (standing !== undefined && JSON.stringify(standing) !== JSON.stringify(record)) {
      return refuse(response, 400, 'InvalidSwap', 'a record stands there');
    }
    if (standing === undefined) {
      pds.records.set(rkey, record);
      pds.writes.set(rkey, (pds.writes.get(rkey) ?? 0) + 1);
    }
    switch (fault) {
      case 'accepts and hangs':
        return response;
      case 'accepts and resets':
        return response.destroy();
      case 'accepts and answers 500':
        return refuse(response, 500, 'InternalServerError', 'sorry');
      case 'accepts and answers garbage':
        return response.writeHead(200, { 'content-type': 'text/html' }).end(GARBAGE);
      default:
        return json(response, 200, { uri: uriOf(rkey), cid: cidOf(record) });
    }
  }

  const uriOf = (rkey: string): string => `at://${did}/app.bsky.feed.post/${rkey}`;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? '/', 'http://pds');
    const method = url.pathname.replace('/xrpc/', '');
    const bytes = await buffer(request);
    pds.calls.push(method);
    pds.said.push(`${JSON.stringify(request.headers)} ${bytes.toString('latin1')}`);
    const answer = answers.get(method);
    if (answer !== undefined) return answer(response);
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    switch (method) {
      case 'com.atproto.server.createSession': {
        const login = JSON.parse(bytes.toString('utf8'));
        return login.identifier === handle && login.password === pds.password
          ? json(response, 200, tokens())
          : refuse(response, 401, 'AuthenticationRequired', `no login with ${login.password}`);
      }
      case 'com.atproto.server.refreshSession':
        return refresh.delete(token)
          ? json(response, 200, tokens())
          : refuse(response, 400, 'ExpiredToken', 'Token has been revoked');
      case 'com.atproto.repo.getRecord': {
        const rkey = url.searchParams.get('rkey') ?? '';
        const value = pds.records.get(rkey);
        return value === undefined || url.searchParams.get('repo') !== did
          ? refuse(response, 400, 'RecordNotFound', 'Could not locate record')
          : json(response, 200, { uri: uriOf(rkey), cid: cidOf(value), value });
      }
    }
    if (!access.has(token)) return refuse(response, 400, 'ExpiredToken', `expired: ${token}`);
    switch (method) {
      case 'com.atproto.repo.putRecord':
        return put(JSON.parse(bytes.toString('utf8')), response);
      case 'com.atproto.repo.uploadBlob':
        return json(response, 200, { blob: blobOf(bytes, request.headers['content-type'] ?? '') });
      case 'com.atproto.identity.resolveHandle':
        return url.searchParams.get('handle') === handle
          ? json(response, 200, { did })
          : refuse(response, 400, 'InvalidRequest', 'Unable to resolve handle');
    }
    return refuse(response, 501, 'MethodNotImplemented', method);
  }

  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(pds, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** What a real server checks before it writes: the record's lexicon, with the network's own library. */
function recordRefusal(record: Json): string | null {
  const checked = AppBskyFeedPost.validateRecord(jsonToLex(record));
  return checked.success ? null : `Invalid app.bsky.feed.post record: ${checked.error.message}`;
}

/** A CID of the right form; which one does not matter, only that it depends on the content. */
function cidOf(content: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(content)).digest();
  return `b${base32(Buffer.concat([Buffer.from([1, 0x71, 0x12, 0x20]), hash]))}`;
}

function blobOf(bytes: Buffer, mimeType: string) {
  const hash = createHash('sha256').update(bytes).digest();
  const link = `b${base32(Buffer.concat([Buffer.from([1, 0x55, 0x12, 0x20]), hash]))}`;
  return { $type: 'blob', ref: { $link: link }, mimeType, size: bytes.length };
}

function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups
    .map((group) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(group.padEnd(5, '0'), 2)])
    .join('');
}

function json(response: ServerResponse, status: number, body: unknown): ServerResponse {
  return response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify(body));
}

function refuse(
  response: ServerResponse,
  status: number,
  error: string,
  message: string,
): ServerResponse {
  return json(response, status, { error, message });
}
