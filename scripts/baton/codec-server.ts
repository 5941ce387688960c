import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Payload } from '@temporalio/common';
import { z } from 'zod';
import {
  createPayloadCodec,
  type PayloadKeys,
  PayloadUnreadable,
} from '../../src/engine/payload-codec.ts';

const MAX_BODY_BYTES = 8 * 1024 * 1024;
const MAX_PAYLOADS = 1_000;
const REQUEST_MS = 10_000;
const MAX_CONNECTIONS = 32;
const PREFLIGHT_SECONDS = 600;

export interface CodecServerOptions {
  keys: PayloadKeys;
  /** Who knows it may decode: in the path, or as a bearer token. */
  token: string;
  /** Origins of the engine's UI. */
  uiOrigins: readonly string[];
}

export function newCodecToken(): string {
  return randomBytes(24).toString('base64url');
}

const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, 'is base64');

const Body = z.object({
  payloads: z
    .array(
      z.object({
        metadata: z.record(z.string().max(200), base64).default({}),
        data: base64.default(''),
      }),
    )
    .max(MAX_PAYLOADS),
});
type WirePayload = z.infer<typeof Body>['payloads'][number];

/**
 * The codec server protocol of Temporal's UI and command line: `POST /encode` and `POST /decode` with
 * `{payloads}`. It holds the keys, so it answers to nobody without its token.
 */
export function createCodecServer({ keys, token, uiOrigins }: CodecServerOptions): Server {
  const codec = createPayloadCodec(keys);
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: REQUEST_MS },
    (request, response) => {
      answer(request, response).catch(() => {
        if (!response.headersSent) reply(response, 500, { error: 'internal' });
        else response.destroy();
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    allowOrigin(request, response, uiOrigins);
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    const { act, given } = readPath(request);
    const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (!isToken(given ?? bearer, token)) {
      return refuse(response, 401, 'the token is missing or wrong');
    }
    if (act === null) return refuse(response, 404, 'there are /encode and /decode');
    if (request.method !== 'POST') return refuse(response, 405, 'only POST is taken');
    const text = await readBody(request);
    if (text === null) return refuse(response, 413, `at most ${MAX_BODY_BYTES} bytes`);
    const body = parse(text);
    if (body === null)
      return refuse(response, 400, 'the body is {"payloads": [{"metadata", "data"}]}');
    try {
      const payloads = await codec[act](body.payloads.map(fromWire));
      reply(response, 200, { payloads: payloads.map(toWire) });
    } catch (error) {
      if (!(error instanceof PayloadUnreadable)) throw error;
      reply(response, 400, { error: error.message });
    }
  }
}

/** A page of another origin gets no answer that its browser would let it read. */
function allowOrigin(
  { headers }: IncomingMessage,
  response: ServerResponse,
  uiOrigins: readonly string[],
): void {
  response.setHeader('Vary', 'Origin');
  response.setHeader('Cache-Control', 'no-store');
  const { origin } = headers;
  if (origin === undefined || !uiOrigins.includes(origin)) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Methods', 'POST, OPTIONS');
  response.setHeader('Access-Control-Allow-Headers', 'authorization, content-type, x-namespace');
  response.setHeader('Access-Control-Allow-Credentials', 'true');
  response.setHeader('Access-Control-Max-Age', String(PREFLIGHT_SECONDS));
}

/** `/decode`, or `/<token>/decode` for a UI that sends no token of its own. */
function readPath({ url = '/' }: IncomingMessage): {
  act: 'encode' | 'decode' | null;
  given: string | undefined;
} {
  const parts = (url.split('?')[0] ?? '').split('/').filter((part) => part !== '');
  const act = parts.at(-1);
  const given = parts.length > 1 ? parts[0] : undefined;
  return { act: act === 'encode' || act === 'decode' ? act : null, given };
}

function isToken(given: string | undefined, token: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return null;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): z.infer<typeof Body> | null {
  try {
    const { data } = Body.safeParse(JSON.parse(text));
    return data ?? null;
  } catch {
    return null;
  }
}

function fromWire({ metadata, data }: WirePayload): Payload {
  const entries = Object.entries(metadata).map(([name, value]) => [
    name,
    Buffer.from(value, 'base64'),
  ]);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data, 'base64') };
}

function toWire({ metadata, data }: Payload): WirePayload {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, base64Of(value)]);
  return { metadata: Object.fromEntries(entries), data: base64Of(data) };
}

function base64Of(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64');
}

/** What is left of a request that is refused is not read: its connection ends. */
function refuse(response: ServerResponse, status: number, error: string): void {
  response.setHeader('Connection', 'close');
  reply(response, status, { error });
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
