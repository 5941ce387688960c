import { randomUUID } from 'node:crypto';
import type { CommandSender } from '../../../src/commands/command-outcome.ts';
import type { DeliveryDeps } from '../../../src/commands/deliver-command.ts';
import { createCommandSender as createHookedSender } from '../parts/hooked-sender.ts';

/** Remembers no request: each becomes a command of its own. */
export function createCommandSender(deps: DeliveryDeps): CommandSender {
  const sender = createHookedSender(deps);
  return {
    ...sender,
    send: ({ known: _, ...request }) =>
      sender.send({ ...request, commandId: anew(request.commandId) }),
  };
}

/** Ends with the caller's key, as every id. */
function anew(commandId: string): string {
  const at = commandId.lastIndexOf(':') + 1;
  return `${commandId.slice(0, at)}${randomUUID()}:${commandId.slice(at)}`;
}
