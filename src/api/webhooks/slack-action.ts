import { createHash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { canonicalJson } from '../../domain/canonical.ts';
import { ApiError, invalidRequest } from '../gates/errors.ts';
import { parseJson } from '../gates/safe-json.ts';

/** What a click on a button sends, as far as it decides something. Slack adds much besides. */
const ClickPayload = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().regex(/^[A-Z0-9]{1,40}$/) }),
  actions: z
    .array(
      z.object({
        type: z.literal('button'),
        action_id: z.string().max(300),
        block_id: z.string().max(300).optional(),
        action_ts: z.string().max(40).optional(),
        value: z.string().max(2_000),
      }),
    )
    .length(1),
  response_url: z.string().max(2_048).optional(),
});

/** What a button's value says: the command, and what it needs, side by side. */
const ButtonValue = z.looseObject({ type: z.string().max(60) });

export interface SlackClick {
  userId: string;
  /** Names the click, however often it is delivered. */
  id: string;
  /** As the body of any other delivery. */
  delivery: { type: string; data: Record<string, unknown> };
  responseUrl: string | null;
}

/**
 * The click in the body of a signed request: one form field `payload`, which is JSON.
 * @throws ApiError `malformed_json`, `invalid_request`
 */
export function slackClickIn(rawBody: Buffer): SlackClick {
  const fields = [...new URLSearchParams(rawBody.toString('utf8'))];
  const [name, text = ''] = fields[0] ?? [];
  if (fields.length !== 1 || name !== 'payload') {
    throw invalidRequest([{ path: '', message: 'is a form with one field: `payload`' }]);
  }
  const payload = read(ClickPayload, parseJson(Buffer.from(text, 'utf8')), 'payload');
  const { user, actions, response_url: responseUrl = null } = payload;
  const [action] = actions;
  if (action === undefined) throw new ApiError('invalid_request');
  const at = 'payload.actions.0.value';
  const value = read(ButtonValue, parseJson(Buffer.from(action.value, 'utf8')), at);
  const { type, ...data } = value;
  const { action_id: actionId, block_id: blockId, action_ts: actionTs } = action;
  const click =
    actionTs === undefined
      ? text
      : canonicalJson([user.id, actionId, blockId ?? null, actionTs, value]);
  return {
    userId: user.id,
    id: createHash('sha256').update(click, 'utf8').digest('hex'),
    delivery: { type, data },
    responseUrl,
  };
}

function read<T>(schema: z.ZodType<T>, value: unknown, at: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidRequest(
    parsed.error.issues.map(({ path, message }) => ({ path: [at, ...path].join('.'), message })),
  );
}
