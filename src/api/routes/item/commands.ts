import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { getCommand, verdictOf } from '../../../db/item/commands.ts';
import { CommandAnswer } from '../../../domain/item/record-schema.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { notFound, UnmetRequirement } from '../../gates/errors.ts';
import { recordAnswers } from '../../route-answers.ts';
import { InstantText, idParams, withKey } from '../../route-parts.ts';

const StoredCommand = z
  .object({
    id: z.string(),
    itemId: z.string(),
    type: z.string().meta({ example: 'decide_approval' }),
    actor: z.string().describe('the member who gave it'),
    state: z
      .enum(['pending', 'applied', 'refused', 'expired'])
      .describe('`expired`: nobody answered it in time, so it was not applied'),
    createdAt: InstantText,
    settledAt: z.string().optional(),
    answer: CommandAnswer.optional().describe('of an applied command'),
    unmet: z.array(UnmetRequirement).optional().describe('of a refused or expired command'),
  })
  .meta({ id: 'StoredCommand' });

const readRoute = createRoute({
  ...withKey('get', 'Items'),
  path: '/v1/commands/{id}',
  operationId: 'getCommand',
  summary: 'What became of a command',
  description: 'A verdict stands for good; a pending command gets one without being sent again.',
  request: { params: idParams('id of the command, percent-encoded', 'http:key_01KAMJ5SQ0:2f1c') },
  responses: recordAnswers(StoredCommand, 'The command'),
});

export function commandRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>().openapi(readRoute, async (c) => {
    const { id } = c.req.valid('param');
    const row = await getCommand(db, { workspaceId: c.get('caller').workspaceId, id });
    if (row === null) throw notFound('command', id);
    const { itemId, type, actorId: actor, state, createdAt } = row;
    const command = { id, itemId, type, actor, state, createdAt };
    const verdict = verdictOf(row);
    if (verdict === null) return c.json(command, 200);
    const { settledAt } = verdict;
    return c.json(
      verdict.state === 'applied'
        ? // Applied rows hold what the command sender stored as their answer.
          { ...command, settledAt, answer: verdict.answer as CommandAnswer }
        : { ...command, settledAt, unmet: verdict.unmet },
      200,
    );
  });
}
