import type { CommandSender } from '../../../src/commands/command-outcome.ts';
import type { DeliveryDeps } from '../../../src/commands/deliver-command.ts';
import { createCommandSender as createHookedSender } from '../parts/hooked-sender.ts';

/** Time in which what was only held in memory is lost with the process. */
const LATER_MS = 1_500;

/** Answers webhooks "pending" before anything is stored: nothing is left for a drainer to find. */
export function createCommandSender(deps: DeliveryDeps): CommandSender {
  const sender = createHookedSender(deps);
  return {
    ...sender,
    async send(request) {
      if (request.source !== 'webhook') return sender.send(request);
      setTimeout(() => void sender.send(request).catch(() => {}), LATER_MS);
      return { outcome: 'pending', commandId: request.commandId };
    },
  };
}
