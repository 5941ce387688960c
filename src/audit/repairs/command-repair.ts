import type { CommandSender } from '../../commands/command-outcome.ts';
import { InvalidBody } from '../../commands/command-refusals.ts';
import { previewCommand } from '../../commands/preview-command.ts';
import type { Db } from '../../db/client.ts';
import type { Finding } from '../../domain/audit/finding.ts';
import type { CommandRepair } from '../../domain/audit/finding-catalogue.ts';
import { placeOf } from '../../domain/item/run.ts';
import { NotPossible, type RepairOrder, type RepairReport } from './repair-outcome.ts';

export interface CommandRepairDeps {
  db: Db;
  sender: CommandSender;
}

/** The id of a command that a repair sends was used for another one. */
export class RepeatedId extends Error {
  override readonly name = 'RepeatedId';
}

/**
 * Sends the command of a repair as whoever repairs: the guards judge it as any other of theirs. Asked for
 * again, it finds what became of it.
 * @throws InvalidBody, NotPossible with what the machine refuses it for, RepeatedId.
 */
export async function repairByCommand(
  { db, sender }: CommandRepairDeps,
  { finding, repair }: { finding: Finding; repair: CommandRepair },
  order: RepairOrder,
): Promise<RepairReport> {
  const { caller, key, dryRun } = order;
  const { commandId, bodyHash } = key;
  const { itemId } = finding;
  if (itemId === undefined) throw new NotPossible('the finding names no item');
  const body = commandBody(repair, finding, order);
  const command = { caller, itemId, type: repair, body, commandId };
  if (dryRun) return preview(db, command);
  const sent = await sender.send({ ...command, bodyHash, source: 'http' });
  switch (sent.outcome) {
    case 'applied': {
      const { seq, stage, substage } = sent.answer;
      const changes = [`${repair} is applied: the item is in ${substage ?? stage} at event ${seq}`];
      return { changes, result: { commandId, ...sent.answer } };
    }
    case 'pending':
      return {
        changes: [`${repair} is stored as the command ${commandId}. Its verdict is pending`],
        result: { commandId, state: 'pending' },
      };
    case 'refused':
      throw new NotPossible(`the item refuses ${repair}`, sent.unmet);
    case 'idempotency_conflict':
      throw new RepeatedId(commandId);
    case 'invalid':
      throw new InvalidBody(sent.issues);
    case 'not_found':
      throw new NotPossible(`the ${sent.what.replace('_', ' ')} is not known`);
    case 'version_conflict':
      throw new NotPossible('the item has another version by now');
  }
}

async function preview(
  db: Db,
  command: Parameters<typeof previewCommand>[1],
): Promise<RepairReport> {
  const seen = await previewCommand(db, command);
  switch (seen.outcome) {
    case 'not_found':
      throw new NotPossible('the item is not known');
    case 'refused':
      throw new NotPossible(`the item refuses ${command.type}`, seen.unmet);
    case 'would': {
      const [from, to] = [placeOf(seen.before), placeOf(seen.after)];
      const events = seen.events.map((type) => `the event ${type} is added`);
      const move = from === to ? [] : [`the item goes from ${from} to ${to}`];
      return { changes: [...events, ...move], result: {} };
    }
  }
}

/** Commands whose reason is a text: that of the repair, unless they bring their own. */
const WITH_REASON: readonly CommandRepair[] = [
  'withdraw_handoff',
  'unschedule',
  'skip_publication',
  'resume',
  'cancel',
  'reassign',
  'extend',
];
const OF_PUBLICATIONS: readonly CommandRepair[] = ['skip_publication', 'resolve_publication'];

/** What the finding already says need not be said again. */
function commandBody(
  repair: CommandRepair,
  { evidence }: Finding,
  { reason, with: given }: RepairOrder,
): Record<string, unknown> {
  const { publicationId } = evidence;
  return {
    ...(WITH_REASON.includes(repair) && { reason }),
    ...(OF_PUBLICATIONS.includes(repair) && publicationId !== undefined && { publicationId }),
    ...given,
  };
}
