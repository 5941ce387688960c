import { createTurnstile } from '../threads/turnstile.ts';
import { judgeAccess, listActions } from './actions.ts';
import type { CommandSender } from './command-outcome.ts';
import type { DeliveryDeps } from './deliver-command.ts';
import { sendCommand } from './send-command.ts';
import { startItem } from './start-item.ts';

/**
 * Commands of this process that are on their way to one run at the same time. The engine takes ten per
 * run; beyond, it drops the tasks that it has just given out. Measured: two are as fast as it gets.
 */
const COMMANDS_AT_ONCE = 2;

/**
 * The way from a request to a committed verdict: texts and command row first, then the fence, then
 * the run, then the projection. Nothing that was answered can be lost, nothing is applied twice.
 */
export function createCommandSender(deps: DeliveryDeps): CommandSender {
  const turnstile = createTurnstile(COMMANDS_AT_ONCE);
  return {
    send: (request) => sendCommand({ ...deps, turnstile }, request),
    start: (request) => startItem(deps, request),
    inquire: (question) => listActions(deps, question),
    judgeAccess: (question) => judgeAccess(deps, question),
  };
}
