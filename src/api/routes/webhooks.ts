import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { CommandOutcome } from '../../commands/command-outcome.ts';
import { newWebhookSecret, validSecrets } from '../../credentials/signing-secrets.ts';
import { getCommand } from '../../db/item/commands.ts';
import { getMember, type MemberRow } from '../../db/workspace/members.ts';
import {
  findReceiver,
  findSameDelivery,
  type WebhookEndpointRow,
} from '../../db/workspace/webhook-endpoints.ts';
import { inWorkspace } from '../../db/workspace-scope.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import {
  appliedView,
  CommandApplied,
  PENDING_RESPONSE,
  pendingReply,
  settledOrThrow,
} from '../command-reply.ts';
import type { ApiDeps } from '../deps.ts';
import {
  addressOf,
  admitCaller,
  type Limits,
  proveInTurn,
  refuseStranger,
} from '../gates/authenticate.ts';
import type { ApiContext, ApiEnv } from '../gates/context.ts';
import { ApiError, BODY_ERRORS, problems } from '../gates/errors.ts';
import { type CommandKey, deliveryKeyOf } from '../gates/idempotency.ts';
import { validationProblem } from '../gates/problem-response.ts';
import { requireJson, requireType } from '../gates/request-body.ts';
import { parseJson } from '../gates/safe-json.ts';
import { answers } from '../route-answers.ts';
import { idText } from '../route-parts.ts';
import { DeliveryType, WebhookDelivery } from '../webhooks/delivery-body.ts';
import { verifyGithubDelivery } from '../webhooks/github-signature.ts';
import { signedHeaders, verifyDelivery } from '../webhooks/signature.ts';
import { slackClickIn } from '../webhooks/slack-action.ts';
import { createFollowUps } from '../webhooks/slack-follow-up.ts';
import { isSignedBySlack } from '../webhooks/slack-signature.ts';
import { slackAnswer, unknownUserAnswer } from '../webhooks/slack-words.ts';

const header = (name: string, description: string) => ({
  name,
  in: 'header' as const,
  // Of each pair one is: the document has no word for that.
  required: false,
  schema: { type: 'string' as const },
  description,
});

/** Field of Slack's form. */
const SlackForm = z.object({ payload: z.string() }).meta({ id: 'SlackForm' });

const SlackAnswered = z
  .object({
    response_type: z.literal('ephemeral'),
    replace_original: z.literal(false),
    text: z.string(),
    outcome: z.enum(['applied', 'refused', 'pending']),
  })
  .meta({ id: 'SlackAnswer', description: 'what Slack may show to whoever clicked' });

const receiveRoute = createRoute({
  method: 'post',
  path: '/v1/webhooks/{endpointId}',
  operationId: 'receiveWebhook',
  tags: ['Webhooks'],
  summary: 'An approval or handoff decision, signed as the kind of the endpoint says',
  description:
    'Answered by the guard of the item itself. The same delivery again gets the same answer and changes nothing. Every bad header, unknown endpoint and bad signature is the same 401. `standard`: Standard Webhooks, within five minutes. `github`: `X-Hub-Signature-256` over the body; a body decides once, whatever its delivery id. `slack`: a click on a button, as Slack signs it; it is always answered 200 with a text, and what became of it goes to its `response_url`.',
  security: [{ webhookSignature: [] }, { githubSignature: [] }, { slackSignature: [] }],
  parameters: [
    header('webhook-id', 'id of the delivery, `[A-Za-z0-9_-]{1,64}`: the same for every attempt'),
    header('webhook-timestamp', 'seconds since 1970, within five minutes of now'),
    header('webhook-signature', '`v1,<base64>`, up to five separated by spaces'),
    header('svix-id', 'stands for `webhook-id`; when both are given they are the same'),
    header('svix-timestamp', 'stands for `webhook-timestamp`'),
    header('svix-signature', 'stands for `webhook-signature`'),
    header('x-hub-signature-256', 'of the kind `github`: `sha256=<hex>` over the body'),
    header('x-github-delivery', 'of the kind `github`: id of the delivery, `[A-Za-z0-9_-]{1,64}`'),
    header('x-slack-signature', 'of the kind `slack`: `v0=<hex>` over `v0:timestamp:body`'),
    header('x-slack-request-timestamp', 'of the kind `slack`: seconds since 1970'),
  ],
  request: {
    params: z.object({ endpointId: idText('id of the endpoint', 'whe_01KAMJ5SQ0') }),
    // Named, not given: a schema here would be applied before the signature is checked.
    body: {
      required: true,
      content: {
        'application/json': { schema: { $ref: '#/components/schemas/WebhookDelivery' } },
        'application/x-www-form-urlencoded': {
          schema: { $ref: '#/components/schemas/SlackForm' },
        },
      },
    },
  },
  responses: {
    200: answers(z.union([CommandApplied, SlackAnswered]), 'Applied; of Slack, what to tell'),
    202: PENDING_RESPONSE,
    ...problems(...BODY_ERRORS, 'forbidden', 'not_found', 'refused', 'idempotency_conflict'),
  },
});

interface Receiver {
  endpoint: WebhookEndpointRow;
  /** Names the delivery; a click in Slack is named by its content. */
  deliveryId: string;
}

export function webhookRoutes(
  deps: Pick<ApiDeps, 'db' | 'sender' | 'secrets' | 'settings' | 'log' | 'slackReply'>,
  limits: Limits,
) {
  const { db, sender, log } = deps;
  const followUps = createFollowUps(deps);
  /** Verified against for unknown endpoints, so that they take as long as a bad signature. */
  const nobodysSecret = newWebhookSecret();

  async function authenticateDelivery(c: ApiContext, endpointId: string): Promise<Receiver> {
    const address = addressOf(c, deps.settings);
    const endpoint = await proveInTurn(limits, address, () => findReceiver(db, { endpointId }));
    const nowMs = Date.now();
    const secrets =
      endpoint === null
        ? [nobodysSecret]
        : validSecrets(endpoint, { secrets: deps.secrets, nowMs });
    const read = (name: string) => c.req.header(name);
    const kind = endpoint?.kind ?? 'standard';
    const deliveryId = VERIFY[kind](c.get('rawBody'), read, { secrets, nowMs });
    if (endpoint === null || deliveryId === null) {
      const detail = 'the delivery is not validly signed';
      throw refuseStranger(limits, address, new ApiError('unauthenticated', { detail }));
    }
    const { id, workspaceId } = endpoint;
    await admitCaller(limits, { id, workspaceId });
    return { endpoint, deliveryId };
  }

  /** A stored command is answered again whatever became of its member: it was theirs when it came. */
  async function actingMember(
    { workspaceId, memberId }: { workspaceId: string; memberId: string },
    commandId: string,
  ): Promise<MemberRow> {
    const member = await getMember(db, { workspaceId, memberId });
    if (member?.active) return member;
    const command = await getCommand(db, { workspaceId, id: commandId });
    if (member !== null && command !== null) return member;
    throw new ApiError('forbidden', { detail: 'the member this endpoint acts for is not active' });
  }

  const app = new OpenAPIHono<ApiEnv>();
  app.openAPIRegistry.register('WebhookDelivery', WebhookDelivery);
  app.openAPIRegistry.register('SlackForm', SlackForm);
  return app.openapi(receiveRoute, async (c) => {
    const receiver = await authenticateDelivery(c, c.req.param('endpointId') ?? '');
    const { endpoint } = receiver;
    return endpoint.memberId === null
      ? receiveClick(c, endpoint)
      : receive(c, receiver, endpoint.memberId);
  });

  /** Everything but Slack: a body that is the decision, and an answer that is the verdict. */
  function receive(c: ApiContext, { endpoint, deliveryId }: Receiver, memberId: string) {
    const { workspaceId, id: endpointId } = endpoint;
    return inWorkspace({ workspaceId, actor: { memberId, credentialId: endpointId } }, async () => {
      requireJson(c.req.header('content-type'));
      const delivery = deliveryIn(parseJson(c.get('rawBody')), endpoint);
      const key = deliveryKeyOf({ endpointId, webhookId: deliveryId }, c.get('rawBody'));
      const { itemId } = delivery.data;
      const same =
        endpoint.kind === 'github'
          ? await findSameDelivery(db, { workspaceId, itemId, endpointId, ...key })
          : null;
      const first = same === null ? key : { ...key, commandId: same };
      const member = await actingMember({ workspaceId, memberId }, first.commandId);
      const outcome = settledOrThrow(await send(endpoint, member, delivery, first));
      return outcome.outcome === 'applied'
        ? c.json(appliedView(outcome), 200)
        : pendingReply(c, outcome.commandId);
    });
  }

  function send(
    { workspaceId }: WebhookEndpointRow,
    { id: memberId, roles }: MemberRow,
    { type, data }: WebhookDelivery,
    key: CommandKey,
  ) {
    const { itemId, ...body } = data;
    const caller = { workspaceId, memberId, roles };
    return sender.send({ caller, itemId, type, body, ...key, source: 'webhook' });
  }

  /** A click is answered with a text: Slack shows nothing of a problem but that there is one. */
  async function receiveClick(c: ApiContext, endpoint: WebhookEndpointRow) {
    const { workspaceId, id: endpointId, users } = endpoint;
    requireType('application/x-www-form-urlencoded', c.req.header('content-type'));
    const click = slackClickIn(c.get('rawBody'));
    const { responseUrl } = click;
    const delivery = deliveryIn(click.delivery, endpoint);
    const memberId = users[click.userId];
    const member =
      memberId === undefined
        ? null
        : await inWorkspace({ workspaceId }, () => getMember(db, { workspaceId, memberId }));
    if (!member?.active) {
      void followUps.say({ workspaceId, responseUrl }, unknownUserAnswer());
      return c.json({ ...unknownUserAnswer(), outcome: 'refused' as const }, 200);
    }
    const commandId = `webhook:${endpointId}:${click.id}`;
    const body = canonicalJson([click.delivery, member.id]);
    const bodyHash = createHash('sha256').update(body, 'utf8').digest('hex');
    const actor = { memberId: member.id, credentialId: endpointId };
    const sent = inWorkspace({ workspaceId, actor }, () =>
      send(endpoint, member, delivery, { commandId, bodyHash }),
    );
    const { language } = member;
    const told = { workspaceId, responseUrl, language };
    // Before anything is waited for: a failure in time is answered as one, and is in the log as well.
    void sent.then(
      (outcome) => followUps.tell(told, outcome),
      (error: unknown) =>
        log.error(
          { endpointId, reason: error instanceof Error ? error.name : 'unknown' },
          'a click in Slack failed',
        ),
    );
    const answered = await outcomeWithin(sent, SLACK_WITHIN_MS, { outcome: 'pending', commandId });
    const { outcome } = answered;
    const shown: z.infer<typeof SlackAnswered>['outcome'] = isWelcome(outcome)
      ? outcome
      : 'refused';
    return c.json({ ...slackAnswer(answered, language), outcome: shown }, 200);
  }
}

function isWelcome(outcome: CommandOutcome['outcome']): outcome is 'applied' | 'pending' {
  return outcome === 'applied' || outcome === 'pending';
}

/** Slack waits three seconds, and the way to it takes some of them. */
const SLACK_WITHIN_MS = 2_000;

/** What came within a time, a failure too; `late` when nothing did. */
async function outcomeWithin(
  sent: Promise<CommandOutcome>,
  ms: number,
  late: CommandOutcome,
): Promise<CommandOutcome> {
  const over = new AbortController();
  const timer = delay(ms, late, { signal: over.signal }).catch(() => late);
  try {
    return await Promise.race([sent, timer]);
  } finally {
    over.abort();
  }
}

type Verify = (
  rawBody: Buffer,
  read: (name: string) => string | undefined,
  by: { secrets: readonly string[]; nowMs: number },
) => string | null;

/** How each kind of endpoint proves a delivery. What it gives names the delivery. */
const VERIFY: Record<WebhookEndpointRow['kind'], Verify> = {
  standard: (rawBody, read, by) =>
    verifyDelivery(rawBody, signedHeaders(read), by)?.webhookId ?? null,
  github: (rawBody, read, by) => {
    const headers = { id: read('x-github-delivery'), signature: read('x-hub-signature-256') };
    return verifyGithubDelivery(rawBody, headers, by);
  },
  slack: (rawBody, read, by) => {
    const timestamp = read('x-slack-request-timestamp');
    const signature = read('x-slack-signature');
    return isSignedBySlack(rawBody, { timestamp, signature }, by) ? 'click' : null;
  },
};

/** @throws ApiError `invalid_request`, `forbidden` */
function deliveryIn(
  json: unknown,
  { decisions }: Pick<WebhookEndpointRow, 'decisions'>,
): WebhookDelivery {
  const { data: wanted } = DeliveryType.safeParse(json);
  if (wanted !== undefined && !decisions.includes(wanted.type)) {
    throw new ApiError('forbidden', { detail: `this endpoint may not send ${wanted.type}` });
  }
  const parsed = WebhookDelivery.safeParse(json);
  if (!parsed.success) throw validationProblem(parsed.error, 'json');
  return parsed.data;
}
