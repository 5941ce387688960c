import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { newWebhookSecret, validSecrets } from '../../credentials/signing-secrets.ts';
import { getCommand } from '../../db/item/commands.ts';
import { getMember, type MemberRow } from '../../db/workspace/members.ts';
import { findReceiver, type WebhookEndpointRow } from '../../db/workspace/webhook-endpoints.ts';
import { inWorkspace } from '../../db/workspace-scope.ts';
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
import { deliveryKeyOf } from '../gates/idempotency.ts';
import { validationProblem } from '../gates/problem-response.ts';
import { requireJson } from '../gates/request-body.ts';
import { parseJson } from '../gates/safe-json.ts';
import { answers } from '../route-answers.ts';
import { idText } from '../route-parts.ts';
import { DeliveryType, WebhookDelivery } from '../webhooks/delivery-body.ts';
import { signedHeaders, verifyDelivery } from '../webhooks/signature.ts';

const header = (name: string, description: string) => ({
  name,
  in: 'header' as const,
  // Of each pair one is: the document has no word for that.
  required: false,
  schema: { type: 'string' as const },
  description,
});

const receiveRoute = createRoute({
  method: 'post',
  path: '/v1/webhooks/{endpointId}',
  operationId: 'receiveWebhook',
  tags: ['Webhooks'],
  summary: 'An approval or handoff decision, signed by Standard Webhooks',
  description:
    'Answered by the guard of the item itself. The same delivery again, freshly signed or within five minutes, gets the same answer and changes nothing. Every bad header, unknown endpoint and bad signature is the same 401.',
  security: [{ webhookSignature: [] }],
  parameters: [
    header('webhook-id', 'id of the delivery, `[A-Za-z0-9_-]{1,64}`: the same for every attempt'),
    header('webhook-timestamp', 'seconds since 1970, within five minutes of now'),
    header('webhook-signature', '`v1,<base64>`, up to five separated by spaces'),
    header('svix-id', 'stands for `webhook-id`; when both are given they are the same'),
    header('svix-timestamp', 'stands for `webhook-timestamp`'),
    header('svix-signature', 'stands for `webhook-signature`'),
  ],
  request: {
    params: z.object({ endpointId: idText('id of the endpoint', 'whe_01KAMJ5SQ0') }),
    // Named, not given: a schema here would be applied before the signature is checked.
    body: {
      required: true,
      content: {
        'application/json': { schema: { $ref: '#/components/schemas/WebhookDelivery' } },
      },
    },
  },
  responses: {
    200: answers(CommandApplied, 'Applied'),
    202: PENDING_RESPONSE,
    ...problems(...BODY_ERRORS, 'forbidden', 'not_found', 'refused', 'idempotency_conflict'),
  },
});

interface Receiver {
  endpoint: WebhookEndpointRow;
  webhookId: string;
}

export function webhookRoutes(
  deps: Pick<ApiDeps, 'db' | 'sender' | 'secrets' | 'settings' | 'log'>,
  limits: Limits,
) {
  const { db, sender } = deps;
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
    const headers = signedHeaders((name) => c.req.header(name));
    const delivery = verifyDelivery(c.get('rawBody'), headers, { secrets, nowMs });
    if (endpoint === null || delivery === null) {
      const detail = 'the delivery is not validly signed';
      throw refuseStranger(limits, address, new ApiError('unauthenticated', { detail }));
    }
    const { id, workspaceId } = endpoint;
    await admitCaller(limits, { id, workspaceId });
    return { endpoint, webhookId: delivery.webhookId };
  }

  /** A stored command is answered again whatever became of its member: it was theirs when it came. */
  async function actingMember(
    { workspaceId, memberId }: WebhookEndpointRow,
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
  return app.openapi(receiveRoute, async (c) => {
    const receiver = await authenticateDelivery(c, c.req.param('endpointId') ?? '');
    const { workspaceId, memberId, id: credentialId } = receiver.endpoint;
    const actor = { memberId, credentialId };
    return inWorkspace({ workspaceId, actor }, () => receive(c, receiver));
  });

  async function receive(c: ApiContext, { endpoint, webhookId }: Receiver) {
    requireJson(c.req.header('content-type'));
    const { type, data } = deliveryIn(c.get('rawBody'), endpoint);
    const key = deliveryKeyOf({ endpointId: endpoint.id, webhookId }, c.get('rawBody'));
    const { roles, id: memberId } = await actingMember(endpoint, key.commandId);
    const { itemId, ...command } = data;
    const outcome = settledOrThrow(
      await sender.send({
        caller: { workspaceId: endpoint.workspaceId, memberId, roles },
        itemId,
        type,
        body: command,
        ...key,
        source: 'webhook',
      }),
    );
    return outcome.outcome === 'applied'
      ? c.json(appliedView(outcome), 200)
      : pendingReply(c, outcome.commandId);
  }
}

/** @throws ApiError `malformed_json`, `invalid_request`, `forbidden` */
function deliveryIn(
  rawBody: Buffer,
  { decisions }: Pick<WebhookEndpointRow, 'decisions'>,
): WebhookDelivery {
  const json = parseJson(rawBody);
  const { data: wanted } = DeliveryType.safeParse(json);
  if (wanted !== undefined && !decisions.includes(wanted.type)) {
    throw new ApiError('forbidden', { detail: `this endpoint may not send ${wanted.type}` });
  }
  const parsed = WebhookDelivery.safeParse(json);
  if (!parsed.success) throw validationProblem(parsed.error, 'json');
  return parsed.data;
}
