import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { FaultOrder, HookOrder } from '../channels/sandbox/protocol.ts';
import { Refusal, sendJson } from './answers.ts';
import type { FaultLog } from './fault-log.ts';
import { createFaultPlan } from './fault-plan.ts';
import { createHooks } from './hooks.ts';
import type { Ledger } from './ledger.ts';
import { readMetrics } from './network.ts';
import { handleList, handlePost, handleState, type Network } from './posting.ts';
import { parse, readJson } from './requests.ts';

const TEN_YEARS_SECONDS = 10 * 366 * 86_400;

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
 * @param faults null: the server has no way to misbehave
 */
export function createSandboxServer({
  ledger,
  faults,
}: {
  ledger: Ledger;
  faults: FaultLog | null;
}): Server {
  const network: Network = {
    ledger,
    faults: faults && { plan: createFaultPlan(), hooks: createHooks(), log: faults },
  };
  return createServer((request, response) => {
    route(request, response, network).catch((error: unknown) => {
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
  network: Network,
): Promise<void> {
  const { ledger, faults } = network;
  const url = URL.parse(request.url ?? '/', 'http://sandbox');
  if (!url) throw new Refusal(400, 'invalid', 'The path is not valid.');
  const [, area, remoteId] = /^\/(p|v1\/posts)\/(sbx_[0-9a-f]+)$/.exec(url.pathname) ?? [];
  if (request.method === 'GET' && remoteId !== undefined) {
    return area === 'p'
      ? handlePage(response, remoteId, ledger)
      : handleState(request, response, remoteId, ledger);
  }
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /healthz':
      return sendJson(response, 200, { status: 'ok', posts: ledger.lines().length });
    case 'POST /v1/posts':
      return await handlePost(request, response, network);
    case 'GET /v1/posts':
      return handleList(request, response, url, ledger);
    case 'GET /v1/metrics':
      return handleMetrics(response, url, ledger);
  }
  if (faults && url.pathname === '/v1/faults') {
    return await handleOrders(request, response, { orders: faults.plan, schema: FaultOrder });
  }
  if (faults && url.pathname === '/v1/hooks') {
    return await handleOrders(request, response, { orders: faults.hooks, schema: HookOrder });
  }
  throw new Refusal(404, 'not_found', `${request.method} ${url.pathname} does not exist.`);
}

/** Orders of a harness: POST gives one, DELETE takes all back, each answer lists those that still apply. */
async function handleOrders<T>(
  request: IncomingMessage,
  response: ServerResponse,
  {
    orders,
    schema,
  }: {
    orders: { order(order: T): void; clear(): void; pending(): readonly T[] };
    schema: z.ZodType<T>;
  },
): Promise<void> {
  if (request.method === 'POST') orders.order(parse(schema, await readJson(request)));
  if (request.method === 'DELETE') orders.clear();
  sendJson(response, request.method === 'POST' ? 201 : 200, { pending: orders.pending() });
}

function handleMetrics(response: ServerResponse, url: URL, ledger: Ledger): void {
  const query = parse(MetricsQuery, Object.fromEntries(url.searchParams));
  sendJson(response, 200, readMetrics(ledger, query, new Date()));
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

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
