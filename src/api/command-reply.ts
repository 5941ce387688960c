import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { CommandOutcome } from '../commands/command-outcome.ts';
import type { CommandType } from '../domain/item/commands.ts';
import { CommandAnswer } from '../domain/item/record-schema.ts';
import type { ApiDeps } from './deps.ts';
import { type ApiContext, type ApiEnv, knownContext } from './gates/context.ts';
import {
  ApiError,
  BODY_ERRORS,
  invalidRequest,
  notFound,
  problemIssues,
  problems,
  refusal,
} from './gates/errors.ts';
import { commandKeyOf } from './gates/idempotency.ts';
import { answers } from './route-answers.ts';

export const CommandApplied = z
  .object({ outcome: z.literal('applied'), commandId: z.string(), ...CommandAnswer.shape })
  .meta({
    id: 'CommandApplied',
    description: 'the committed answer; the same for every repetition of the command',
    example: {
      outcome: 'applied',
      commandId: 'http:key_01KAMJ5SQ0:2f1c',
      seq: 12,
      stage: 'review',
      substage: 'deciding',
    },
  });
export type CommandApplied = z.infer<typeof CommandApplied>;

export const SavedVersion = CommandApplied.extend({
  version: z.int(),
  hash: z.string().describe('also the ETag'),
}).meta({ id: 'SavedVersion', description: 'the version saved, or found identical' });

export const CommandPending = z
  .object({
    outcome: z.literal('pending'),
    commandId: z.string(),
    itemId: z.string().optional().describe('of a start'),
  })
  .meta({
    id: 'CommandPending',
    description: 'stored, without a verdict yet: ask the address in `Location`',
  });

export const PENDING_RESPONSE = {
  ...answers(CommandPending, 'The command is stored; its verdict is pending'),
  headers: {
    Location: {
      description: 'where the verdict will be',
      schema: { type: 'string' as const },
    },
  },
};

/** Responses of every route that sends a command. */
export const COMMAND_RESPONSES = {
  200: answers(CommandApplied, 'Applied'),
  202: PENDING_RESPONSE,
  ...problems(...BODY_ERRORS, 'forbidden', 'not_found', 'refused', 'idempotency_conflict'),
};

export function commandPath(commandId: string): string {
  return `/v1/commands/${encodeURIComponent(commandId)}`;
}

/** Sends a command of the caller; everything but "applied" and "pending" is thrown as a problem. */
export async function sendCommand(
  c: ApiContext,
  { sender }: Pick<ApiDeps, 'sender'>,
  command: { type: CommandType; itemId: string; body: unknown; ifMatch?: string | undefined },
): Promise<Extract<CommandOutcome, { outcome: 'applied' | 'pending' }>> {
  const { ifMatch, ...request } = command;
  const known = knownContext(c, command.itemId);
  const outcome = await sender.send({
    ...request,
    ...(known !== null && { known }),
    caller: c.get('caller'),
    ...commandKeyOf(c),
    source: 'http',
    ...(ifMatch !== undefined && { ifMatch }),
  });
  return settledOrThrow(outcome);
}

/** Sends a command and answers it. */
export async function runCommand(
  c: ApiContext,
  deps: Pick<ApiDeps, 'sender'>,
  command: { type: CommandType; itemId: string; body: unknown },
) {
  const outcome = await sendCommand(c, deps, command);
  return outcome.outcome === 'applied'
    ? c.json(appliedView(outcome), 200)
    : pendingReply(c, outcome.commandId);
}

/** Handles a route that gives the item in its path one command, with the body as it came. */
export function commandOf(deps: Pick<ApiDeps, 'sender'>, type: CommandType) {
  return <P extends string, I extends ItemInput>(c: Context<ApiEnv, P, I>) =>
    runCommand(c, deps, {
      type,
      itemId: c.req.valid('param').id,
      body: c.req.valid('json'),
    });
}

interface ItemInput {
  out: { param: { id: string }; json: object };
}

export function pendingReply(c: ApiContext, commandId: string) {
  c.header('Location', commandPath(commandId));
  return c.json({ outcome: 'pending' as const, commandId }, 202);
}

export function appliedView(applied: { commandId: string; answer: CommandAnswer }): CommandApplied {
  return { outcome: 'applied', commandId: applied.commandId, ...applied.answer };
}

const MISSING = {
  item: 'item',
  publication: 'publication',
  handoff: 'handoff',
  member: 'active member',
  channel_account: 'channel account',
} as const;

/** @throws ApiError for every outcome but "applied" and "pending". */
export function settledOrThrow<Settled extends { outcome: 'applied' | 'pending' }>(
  outcome: Settled | Exclude<CommandOutcome, { outcome: 'applied' | 'pending' }>,
): Settled {
  switch (outcome.outcome) {
    case 'applied':
    case 'pending':
      return outcome;
    case 'refused':
      throw refusal(outcome.unmet, outcome.commandId);
    case 'idempotency_conflict':
      throw new ApiError('idempotency_conflict', {
        detail: 'this id was used for another request',
        commandId: outcome.commandId,
      });
    case 'version_conflict':
      throw new ApiError('version_conflict', {
        detail: `the version that stands is ${outcome.current ?? 'none'}`,
        current: outcome.current,
      });
    case 'not_found':
      throw notFound(MISSING[outcome.what]);
    case 'invalid':
      throw invalidRequest(problemIssues(outcome.issues));
  }
}
