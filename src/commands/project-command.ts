import type { Db } from '../db/client.ts';
import type { CommandRow, CommandVerdict } from '../db/item/commands.ts';
import { projectRun } from '../db/publishing/resolutions.ts';
import { answerAt } from '../domain/item/command-answer.ts';
import { chainEvents, GENESIS_HASH, type ItemEvent } from '../domain/item/event.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import { itemRowOf } from '../domain/item/row.ts';
import { type ItemSnapshot, startItem } from '../domain/item/run.ts';
import { outboxWithProposals, type ProposalLog } from '../slots/slot-proposals.ts';
import type { CommandResult, ContentItemInput } from '../workflows/messages.ts';

interface ProjectionDeps {
  db: Db;
  log: ProposalLog;
}

/** Commits an applied command: events, row, verdict and outbox in one transaction. */
export async function projectCommand(
  deps: ProjectionDeps,
  row: CommandRow,
  { events, snapshot, answer }: CommandResult,
): Promise<CommandVerdict | null> {
  // Without events the row has nothing to gain: its state belongs to whoever brings the event before.
  const state = events.length === 0 ? null : snapshot;
  return commit(deps, row, { events, snapshot: state, seq: answer.seq, answer });
}

/** Commits a started run. Its first events follow from its input alone, so the engine is not asked. */
export async function projectStart(
  deps: ProjectionDeps,
  row: CommandRow,
  input: ContentItemInput,
): Promise<CommandVerdict | null> {
  const { snapshot, events } = firstEvents(input);
  const seq = events.length;
  return commit(deps, row, { events, snapshot, seq, answer: answerAt(snapshot, seq) });
}

/**
 * What a run's first task makes of its input. Its events come with it; those of a run that was started
 * before they did follow from the same pure functions.
 */
export function firstEvents(input: ContentItemInput): {
  snapshot: ItemSnapshot;
  events: ItemEvent[];
} {
  const { snapshot, records } = startItem(input.item);
  const stamp = { at: input.item.at, actor: input.actor, commandId: input.commandId };
  const events = input.first ?? chainEvents({ seq: 0, hash: GENESIS_HASH }, records, stamp);
  return { snapshot, events };
}

async function commit(
  { db, log }: ProjectionDeps,
  row: CommandRow,
  applied: {
    events: ItemEvent[];
    snapshot: ItemSnapshot | null;
    seq: number;
    answer: CommandAnswer;
  },
): Promise<CommandVerdict | null> {
  const { events, snapshot, seq, answer } = applied;
  const { verdict } = await projectRun(db, {
    workspaceId: row.workspaceId,
    itemId: row.itemId,
    events,
    ...(snapshot !== null && { item: itemRowOf(snapshot, seq) }),
    command: { id: row.id, seq, answer: { ...answer } },
    outbox: await outboxWithProposals(
      db,
      {
        workspaceId: row.workspaceId,
        itemId: row.itemId,
        events,
        context: snapshot?.context ?? null,
      },
      log,
    ),
  });
  return verdict;
}
