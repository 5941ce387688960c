import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { Refusal, sendJson } from './answers.ts';
import { createFaultPlan, type FaultPlan } from './fault-plan.ts';
import { failAfterAccepting, failInstead } from './faults.ts';
import type { Ledger, LedgerLine } from './ledger.ts';
import { acceptPost, readMetrics } from './network.ts';
import {
  FAULT_HEADER,
  FaultMode,
  FaultOrder,
  isFaultInstead,
  SandboxPost,
  type SandboxPostList,
  type SandboxRemotePost,
} from './protocol.ts';

const MAX_BODY_BYTES = 262_144;
const TEN_YEARS_SECONDS = 10 * 366 * 86_400;

const ListQuery = z.strictObject({
  marker: z.string().min(1),
  account: z.string().min(1).optional(),
});
const MetricsQuery = z
  .strictObject({
    marker: z.string().min(1).optional(),
    account: z.string().min(1).optional(),
    ageSeconds: z
      .string()
      .regex(/^\d{1,9}$/, 'is a whole number of seconds')
      .transform(Number)
      .refine((age) => age <= TEN_YEARS_SECONDS, 'is at most ten years')
      .optional(),
  })
  .refine(({ marker, account }) => marker ?? account, 'needs marker, account or both');

/**
 * The fake network as an HTTP server. Close it with `close()` and `closeAllConnections()`: faults leave
 * connections hanging on purpose.
 * @param faults false: the server has no way to misbehave
 */
export function createSandboxServer({
  ledger,
  faults,
}: {
  ledger: Ledger;
  faults: boolean;
}): Server {
  const plan = faults ? createFaultPlan() : null;
  return createServer((request, response) => {
    route(request, response, ledger, plan).catch((error: unknown) => {
      if (error instanceof Refusal) {
        sendJson(response, error.status, { code: error.code, message: error.message });
      } else {
        console.error(error);
        sendJson(response, 500, { code: 'internal', message: 'The sandbox failed; see its log.' });
      }
    });
  });
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  ledger: Ledger,
  plan: FaultPlan | null,
): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'http://sandbox');
  if (!url) throw new Refusal(400, 'invalid', 'The path is not valid.');
  const remoteId = /^\/p\/(sbx_[0-9a-f]+)$/.exec(url.pathname)?.[1];
  if (request.method === 'GET' && remoteId) return handlePage(response, remoteId, ledger);
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /healthz':
      return sendJson(response, 200, { status: 'ok', posts: ledger.lines().length });
    case 'POST /v1/posts':
      return await handlePost(request, response, ledger, plan);
    case 'GET /v1/posts':
      return handleList(request, response, url, ledger);
    case 'GET /v1/metrics':
      return handleMetrics(response, url, ledger);
  }
  if (plan && url.pathname === '/v1/faults') {
    switch (request.method) {
      case 'POST':
        plan.order(parse(FaultOrder, await readJson(request)));
        return sendJson(response, 201, { pending: plan.pending() });
      case 'GET':
        return sendJson(response, 200, { pending: plan.pending() });
      case 'DELETE':
        plan.clear();
        return sendJson(response, 200, { pending: [] });
    }
  }
  throw new Refusal(404, 'not_found', `${request.method} ${url.pathname} does not exist.`);
}

async function handlePost(
  request: IncomingMessage,
  response: ServerResponse,
  ledger: Ledger,
  plan: FaultPlan | null,
): Promise<void> {
  const post = parse(SandboxPost, await readJson(request));
  const asked = request.headers[FAULT_HEADER];
  const fault = plan && (asked === undefined ? plan.next(post) : parse(FaultMode, asked));
  if (fault && isFaultInstead(fault)) {
    failInstead(fault, response);
    return;
  }

  const answer = acceptPost(ledger, post, new Date());
  if ('error' in answer) throw new Refusal(answer.status, answer.error.code, answer.error.message);
  const remote = remotePost(answer.line, request);
  if (fault) failAfterAccepting(fault, response, remote);
  else sendJson(response, answer.status, remote);
}

function handleList(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  ledger: Ledger,
): void {
  const { marker, account } = parse(ListQuery, Object.fromEntries(url.searchParams));
  const list: SandboxPostList = {
    items: ledger
      .byMarker(marker)
      .filter((line) => account === undefined || line.account === account)
      .map((line) => ({
        ...remotePost(line, request),
        marker: line.marker,
        account: line.account,
      })),
  };
  sendJson(response, 200, list);
}

function handleMetrics(response: ServerResponse, url: URL, ledger: Ledger): void {
  const query = parse(MetricsQuery, Object.fromEntries(url.searchParams));
  const answer = readMetrics(ledger, query, new Date());
  if ('error' in answer) throw new Refusal(answer.status, answer.error.code, answer.error.message);
  sendJson(response, 200, answer.metrics);
}

/** The page behind a permalink. */
function handlePage(response: ServerResponse, remoteId: string, ledger: Ledger): void {
  const line = ledger.byRemoteId(remoteId);
  if (!line) throw new Refusal(404, 'post_unknown', `There is no post ${remoteId}.`);
  const html = [
    '<!doctype html><meta charset="utf-8"><title>Sandbox</title>',
    `<article><h1>${escapeHtml(line.account)}</h1>`,
    `<p style="white-space:pre-wrap">${escapeHtml(line.text)}</p>`,
    `<time datetime="${line.at}">${line.at}</time></article>`,
  ].join('\n');
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  });
  response.end(html);
}

function remotePost(line: LedgerLine, request: IncomingMessage): SandboxRemotePost {
  const { localAddress, localPort } = request.socket;
  const host = localAddress?.includes(':') ? `[${localAddress}]` : localAddress;
  return {
    remoteId: line.remoteId,
    permalink: `http://${host}:${localPort}/p/${line.remoteId}`,
    at: line.at,
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';')[0]?.trim();
  if (type !== 'application/json') {
    throw new Refusal(415, 'not_json', 'The body must be application/json.');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new Refusal(413, 'too_large', `The body must be at most ${MAX_BODY_BYTES} bytes.`);
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new Refusal(400, 'not_json', 'The body is not JSON.');
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(400, 'invalid', z.prettifyError(parsed.error));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
