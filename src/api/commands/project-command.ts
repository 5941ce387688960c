import type { Db } from '../../db/client.ts';
import type { CommandRow, CommandVerdict } from '../../db/commands.ts';
import { getItem } from '../../db/items.ts';
import { projectEvents } from '../../db/projection.ts';
import { chainEvents, GENESIS_HASH, type ItemEvent } from '../../domain/item-event.ts';
import { commandIdOf, itemRowOf, outboxOf } from '../../domain/item-row.ts';
import { type ItemSnapshot, startItem } from '../../domain/item-run.ts';
import type { CommandMessage, CommandResult, ContentItemInput } from '../../workflows/messages.ts';
import type { CommandAnswer } from './command-outcome.ts';

/** Commits an applied command: events, row, verdict and outbox in one transaction. */
export async function projectCommand(
  db: Db,
  row: CommandRow,
  message: CommandMessage,
  result: CommandResult,
): Promise<CommandVerdict | null> {
  const key = { workspaceId: row.workspaceId, itemId: row.itemId };
  const snapshot = result.snapshot ?? (await getItem(db, key))?.snapshot ?? null;
  if (snapshot === null) throw new Error(`${row.itemId} has no snapshot yet`);
  return commit(db, row, {
    events: result.events,
    snapshot: result.snapshot,
    seq: result.seq,
    answer: answerOf(message, snapshot, result.seq),
  });
}

/** Commits a started run. Its first events follow from its input alone, so the engine is not asked. */
export async function projectStart(
  db: Db,
  row: CommandRow,
  input: ContentItemInput,
): Promise<CommandVerdict | null> {
  const { snapshot, events } = firstEvents(input);
  const seq = events.length;
  const { stage, substage } = itemRowOf(snapshot, seq);
  const answer: CommandAnswer = { seq, stage, substage };
  return commit(db, row, { events, snapshot, seq, answer });
}

/** What a run's first task computes from its input; the run and the API call the same pure functions. */
export function firstEvents(input: ContentItemInput): {
  snapshot: ItemSnapshot;
  events: ItemEvent[];
} {
  const { snapshot, records } = startItem(input.item);
  const named = records.map((record, index) =>
    index === 0 ? { ...record, data: { commandId: input.commandId, ...record.data } } : record,
  );
  const stamp = { at: input.item.at, actor: input.actor };
  return { snapshot, events: chainEvents({ seq: 0, hash: GENESIS_HASH }, named, stamp) };
}

async function commit(
  db: Db,
  row: CommandRow,
  applied: {
    events: ItemEvent[];
    snapshot: ItemSnapshot | null;
    seq: number;
    answer: CommandAnswer;
  },
): Promise<CommandVerdict | null> {
  const { events, snapshot, seq, answer } = applied;
  const { verdict } = await projectEvents(db, {
    workspaceId: row.workspaceId,
    itemId: row.itemId,
    events: events.map((event) => ({ ...event, commandId: commandIdOf(event) })),
    ...(snapshot !== null && { item: itemRowOf(snapshot, seq) }),
    command: { id: row.id, seq, answer: { ...answer } },
    outbox: outboxOf(row.itemId, events),
  });
  return verdict;
}

function answerOf(message: CommandMessage, snapshot: ItemSnapshot, seq: number): CommandAnswer {
  const { stage, substage } = itemRowOf(snapshot, seq);
  const { context } = snapshot;
  const answer: CommandAnswer = { seq, stage, substage };
  switch (message.type) {
    case 'save_brief': {
      const { version, hash } = message.refs.brief;
      return { ...answer, version, hash };
    }
    case 'save_draft': {
      const { version, hash } = message.refs.draft;
      return { ...answer, version, hash, contentHash: context.contentHash };
    }
    case 'submit_for_review':
      return { ...answer, contentHash: context.contentHash };
    case 'offer_handoff':
    case 'accept_handoff':
    case 'decline_handoff':
    case 'withdraw_handoff': {
      const handoff = context.handoffs.at(-1);
      return {
        ...answer,
        ...(handoff !== undefined && { handoffId: handoff.id }),
        ...(message.facts.warnings !== undefined && { warnings: message.facts.warnings }),
      };
    }
    case 'plan_schedule':
    case 'resolve_publication':
    case 'skip_publication':
      return {
        ...answer,
        publications: context.publications.map(({ id, channelAccountId, state, at }) => ({
          id,
          channelAccountId,
          state,
          at,
        })),
        ...(message.facts.warnings !== undefined && { warnings: message.facts.warnings }),
      };
    default:
      return answer;
  }
}
