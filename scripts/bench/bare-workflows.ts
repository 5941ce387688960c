import {
  ApplicationFailure,
  condition,
  defineUpdate,
  proxyActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { SandboxPost } from '../../src/channels/sandbox/protocol.ts';
import type { CommandType } from '../../src/domain/item/commands.ts';
import {
  type CommandMessage,
  type ContentItemInput,
  REFUSED,
  type RefusalDetails,
} from '../../src/workflows/messages.ts';
import type { BareActivities, RecordedCommand } from './bare-activities.ts';

/** What Baton is measured against: the least a team would write on Temporal by hand. */
export interface BareInput {
  item: ContentItemInput;
  /** The commands in the only order that is accepted. */
  order: CommandType[];
}

/** The answer of a bare run; Baton's carries the events and the snapshot as well. */
export interface BareResult {
  seq: number;
}

const commandUpdate = defineUpdate<BareResult, [CommandMessage]>('command');
const { recordCommand } = proxyActivities<BareActivities>({ startToCloseTimeout: '10 seconds' });
const { sendPost } = proxyActivities<BareActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { maximumAttempts: 1 },
});

/** Takes the commands in their order, refuses any other, and records nothing. */
export async function bareItem(input: BareInput): Promise<void> {
  await takeCommands(input, async () => {});
}

/** The same, with each command recorded by an ordinary activity before it is answered. */
export async function recordedItem(input: BareInput): Promise<void> {
  await takeCommands(input, recordCommand);
}

async function takeCommands(
  { item, order }: BareInput,
  record: (command: RecordedCommand) => Promise<void>,
): Promise<void> {
  let seq = 0;
  setHandler(
    commandUpdate,
    async (message) => {
      seq += 1;
      const taken = seq;
      await record({ itemId: item.item.itemId, seq: taken, message });
      return { seq: taken };
    },
    {
      validator: (message) => {
        if (message.type === order[seq]) return;
        const text = `${message.type} is not possible after ${seq} commands`;
        const at = new Date(Date.now()).toISOString();
        const details: RefusalDetails = { unmet: [{ code: 'in_stage', message: text }], seq, at };
        throw ApplicationFailure.nonRetryable('refused', REFUSED, details);
      },
    },
  );
  // Open until the benchmark ends, as Baton's items are after these commands.
  await condition(() => false);
}

/** Sends one post at its time: a sleep and an activity that may not be repeated. */
export async function barePost({ dueAt, post }: { dueAt: string; post: SandboxPost }) {
  await sleep(Math.max(0, Date.parse(dueAt) - Date.now()));
  await sendPost(post);
}
