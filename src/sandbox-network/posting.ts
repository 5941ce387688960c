import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Idempotency } from '../channels/channel.ts';
import { KEY_RULE_HEADER, KeyRuleHeader } from '../channels/sandbox/key-rule.ts';
import {
  FAULT_HEADER,
  FaultMode,
  type HookPoint,
  isFaultInstead,
  SandboxPost,
  type SandboxPostAnswer,
  type SandboxPostList,
  type SandboxRemotePost,
  SENDER_HEADER,
} from '../channels/sandbox/protocol.ts';
import { Refusal, sendJson } from './answers.ts';
import type { FaultLog } from './fault-log.ts';
import type { Fault, FaultPlan } from './fault-plan.ts';
import { answerAccepted, failInstead } from './faults.ts';
import type { Hooks } from './hooks.ts';
import type { Ledger, LedgerLine } from './ledger.ts';
import { acceptPost, isListed, stateOf } from './network.ts';
import { parse, readJson } from './requests.ts';

/** The network behind the routes; `faults` is null where it always behaves. */
export interface Network {
  ledger: Ledger;
  faults: { plan: FaultPlan; hooks: Hooks; log: FaultLog } | null;
}

const ListQuery = z.strictObject({
  marker: z.string().min(1),
  account: z.string().min(1).optional(),
});

/** `POST /v1/posts`: hooks, fault and ledger in the order in which a real network would meet them. */
export async function handlePost(
  request: IncomingMessage,
  response: ServerResponse,
  { ledger, faults }: Network,
): Promise<void> {
  const post = parse(SandboxPost, await readJson(request));
  const rule = ruleIn(request);
  const { marker, account, text } = post;
  const sender = request.headers[SENDER_HEADER]?.toString() ?? null;
  const reach = async (at: HookPoint): Promise<void> =>
    faults?.hooks.reach(at, { marker, account, text, sender });
  const fault = faults && faultOf(request, faults.plan, post);
  if (faults && fault) {
    faults.log.note({ at: new Date().toISOString(), marker, account, text, ...fault });
  }
  const mode = fault?.mode ?? 'accept';
  if (isFaultInstead(mode)) {
    failInstead(mode, response);
    return;
  }

  await reach('before-accept');
  const now = new Date();
  const stored = acceptPost(ledger, post, now, {
    rule,
    listedAfterMs: fault?.listedAfterMs,
    pending: mode === 'accept_then_pending',
    refuseDuplicate: mode === 'refuse_duplicate',
  });
  await reach('after-accept');
  const state = stateOf(stored.line, now);
  const status = state === 'published' ? stored.status : 202;
  await reach('before-response');
  answerAccepted(mode === 'refuse_duplicate' ? 'accept' : mode, response, {
    status,
    answer: { state, ...remotePost(stored.line, request) },
  });
}

function faultOf(request: IncomingMessage, plan: FaultPlan, post: SandboxPost): Fault | null {
  const header = request.headers[FAULT_HEADER];
  return header === undefined ? plan.next(post) : { mode: parse(FaultMode, header) };
}

function ruleIn(request: IncomingMessage): Idempotency {
  return parse(KeyRuleHeader, request.headers[KEY_RULE_HEADER] ?? 'exact');
}

/** `GET /v1/posts?marker=&account=`; an account whose rule is `none` cannot be searched. */
export function handleList(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  ledger: Ledger,
): void {
  const { marker, account } = parse(ListQuery, Object.fromEntries(url.searchParams));
  if (ruleIn(request) === 'none') {
    throw new Refusal(404, 'not_searchable', 'This network has no search.');
  }
  const now = new Date();
  const list: SandboxPostList = {
    items: ledger
      .byMarker(marker)
      .filter((line) => account === undefined || line.account === account)
      .filter((line) => isListed(line, now))
      .map((line) => ({
        ...remotePost(line, request),
        marker: line.marker,
        account: line.account,
      })),
  };
  sendJson(response, 200, list);
}

/** `GET /v1/posts/{remoteId}`: how far the network is with a post that it has accepted. */
export function handleState(
  request: IncomingMessage,
  response: ServerResponse,
  remoteId: string,
  ledger: Ledger,
): void {
  const line = ledger.byRemoteId(remoteId);
  if (!line) throw new Refusal(404, 'post_unknown', `There is no post ${remoteId}.`);
  const state = stateOf(line, new Date());
  const answer: SandboxPostAnswer = { state, ...remotePost(line, request) };
  sendJson(response, 200, answer);
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
