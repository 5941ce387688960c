import { judgeAccess, listActions } from './actions.ts';
import type { CommandSender } from './command-outcome.ts';
import type { DeliveryDeps } from './deliver-command.ts';
import { createBulkhead } from './queue/bulkhead.ts';
import { sendCommand } from './send-command.ts';
import { startItem } from './start-item.ts';

/**
 * The way from a request to a committed verdict: texts and command row first, then the fence, then
 * the run, then the projection. Nothing that was answered can be lost, nothing is applied twice.
 */
export function createCommandSender(deps: DeliveryDeps): CommandSender {
  const sending = { ...deps, bulkhead: createBulkhead() };
  return {
    send: (request) => sendCommand(sending, request),
    start: (request) => startItem(sending, request),
    inquire: (question) => listActions(deps, question),
    judgeAccess: (question) => judgeAccess(deps, question),
  };
}
