import type { MiddlewareHandler } from 'hono';
import type { CommandSender } from '../../commands/command-outcome.ts';
import type { CommandType } from '../../domain/item/commands.ts';
import type { Unmet } from '../../domain/item/requirements/catalogue.ts';
import type { ApiContext, ApiEnv } from './context.ts';
import { notFound, refusal } from './errors.ts';

/** Says which command a route gives an item, before anything that was sent is judged. A path may mean one of two. */
export function gives(...commands: [CommandType, ...CommandType[]]): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set('commands', commands);
    await next();
  };
}

/**
 * Refuses a command for which its caller holds no role. Asked of a body that breaks a rule: which rule, is
 * told to those who may give the command. That the item is in another stage is said after that.
 * @throws ApiError `forbidden` or `not_found`.
 */
export async function refuseWithoutRight(
  c: ApiContext,
  { sender }: { sender: CommandSender },
): Promise<void> {
  const itemId = c.req.param('id');
  if (itemId === undefined) return;
  const caller = c.get('caller');
  const refusals: Unmet[][] = [];
  for (const type of c.get('commands') ?? []) {
    const unmet = await sender.judgeAccess({ caller, itemId, type });
    if (unmet === null) throw notFound('item', itemId);
    const withoutRight = unmet.filter(({ code }) => code === 'holds_role');
    if (withoutRight.length === 0) return;
    refusals.push(withoutRight);
  }
  const [first] = refusals;
  if (first !== undefined) throw refusal(first);
}
