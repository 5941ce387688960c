import type { Client, WorkflowHandle } from '@temporalio/client';
import type { CommandSender } from '../../../src/commands/command-outcome.ts';
import { createCommandSender as createRealSender } from '../../../src/commands/command-sender.ts';
import type { DeliveryDeps } from '../../../src/commands/deliver-command.ts';
import { callHarness } from './call-harness.ts';

/** Calls the harness between the commit of a command's row and its Update, and between Update and answer. */
export function createCommandSender(deps: DeliveryDeps): CommandSender {
  return createRealSender({ ...deps, temporal: hookedClient(deps.temporal) });
}

function hookedClient(temporal: Client): Client {
  const { workflow } = temporal;
  const hookedWorkflow = Object.create(workflow, {
    getHandle: {
      value: (...args: Parameters<typeof workflow.getHandle>) =>
        hookedHandle(workflow.getHandle(...args)),
    },
  });
  return Object.create(temporal, { workflow: { value: hookedWorkflow } });
}

function hookedHandle(handle: WorkflowHandle): WorkflowHandle {
  const executeUpdate = async (
    ...args: Parameters<WorkflowHandle['executeUpdate']>
  ): Promise<unknown> => {
    const subject = args[1]?.updateId ?? '';
    await callHarness({ at: 'before-update', subject });
    const result = await handle.executeUpdate(...args);
    await callHarness({ at: 'after-update', subject });
    return result;
  };
  return Object.create(handle, { executeUpdate: { value: executeUpdate } });
}
