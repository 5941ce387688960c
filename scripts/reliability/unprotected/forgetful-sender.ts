import { randomUUID } from 'node:crypto';
import type { CommandSender } from '../../../src/commands/command-outcome.ts';
import { createCommandSender as createRealSender } from '../../../src/commands/command-sender.ts';
import type { DeliveryDeps } from '../../../src/commands/deliver-command.ts';

/** Remembers no delivery: each becomes a command of its own. */
export function createCommandSender(deps: DeliveryDeps): CommandSender {
  const sender = createRealSender(deps);
  return {
    ...sender,
    send: ({ known: _, ...request }) =>
      sender.send({ ...request, commandId: `${request.commandId}:${randomUUID()}` }),
  };
}
