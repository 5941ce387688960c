import { firstEvents } from '../../commands/project-command.ts';
import {
  type LostCommand,
  type LostIntent,
  listTextHashes,
  readCommandStates,
  restoreCommand,
  restoreIntent,
} from '../../db/audit/recovery.ts';
import type { Db } from '../../db/client.ts';
import { readChain } from '../../db/item/item-events.ts';
import { type ItemKey, insertItem } from '../../db/item/items.ts';
import { projectEvents } from '../../db/item/projection.ts';
import { getCampaign } from '../../db/workspace/campaigns.ts';
import { listMembers } from '../../db/workspace/members.ts';
import { getPlaybook } from '../../db/workspace/playbooks.ts';
import { intentKeyOf, markerOf } from '../../domain/channel/publication-intent.ts';
import { answerAt } from '../../domain/item/command-answer.ts';
import type { PublicationRecord } from '../../domain/item/context.ts';
import type { CommandAnswer } from '../../domain/item/record-schema.ts';
import { itemRowOf } from '../../domain/item/row.ts';
import { isExternal } from '../../domain/people/external.ts';
import type { RunRecord } from '../run-history.ts';
import { NotPossible } from './repair-outcome.ts';

/** The engine knows no title. */
export const LOST_TITLE = '(its title is lost)';

/** What a run knows of an item beside its events, and the tables do not. */
export interface MissingRecords {
  commands: LostCommand[];
  /** Commands that wait for a verdict that the run has given. */
  verdicts: [commandId: string, answer: CommandAnswer][];
  intents: LostIntent[];
  /** What is in neither: named, so that people can write it again. */
  lost: { texts: { kind: string; version: number; hash: string }[]; commands: string[] };
  changes: string[];
}

export async function missingRecords(
  db: Db,
  key: ItemKey,
  record: RunRecord,
): Promise<MissingRecords> {
  const [states, hashes, members, stored] = await Promise.all([
    readCommandStates(db, key),
    listTextHashes(db, key),
    listMembers(db, key),
    readChain(db, key),
  ]);
  const known = new Set(members.map(({ id }) => id));
  const applied = appliedCommands(key, record).filter(({ id }) => !states.has(id));
  const isKnown = ({ actorId }: LostCommand) => isExternal(actorId) || known.has(actorId);
  const commands = applied.filter(isKnown);
  const verdicts = record.answers.filter(([id]) => states.get(id) === 'pending');
  const texts = textsOf(record).filter(({ hash }) => !hashes.includes(hash));
  const storedSeqs = new Set(stored.map(({ seq }) => seq));
  const fresh = record.events.filter(({ seq }) => !storedSeqs.has(seq));
  const touched = new Set(fresh.map(({ data }) => data['publicationId']));
  const intents = record.snapshot.context.publications
    .filter(({ id }) => touched.has(id))
    .flatMap((publication) => intentOf(key, publication));
  const gone = applied.filter((command) => !isKnown(command)).map(({ id }) => id);
  return {
    commands,
    verdicts,
    intents,
    lost: { texts, commands: gone },
    changes: [
      ...commands.map(({ id }) => `the command ${id} is stored again, with its answer`),
      ...verdicts.map(([id]) => `the command ${id} gets its verdict`),
      ...intents.map(({ publicationId }) => `the ledger knows of the send of ${publicationId}`),
      ...texts.map(({ kind, version, hash }) => `lost: the text of ${kind} ${version} (${hash})`),
      ...gone.map((id) => `lost: the command ${id}, whose sender is no member`),
    ],
  };
}

/** The start, and every command that the history has the message and the answer of. */
function appliedCommands(
  key: ItemKey,
  { input, answers, messages, events }: RunRecord,
): LostCommand[] {
  const fallbackAt = input.continued === undefined ? input.item.at : (events[0]?.at ?? '');
  const sent = answers.flatMap(([id, answer]): LostCommand[] => {
    const message = messages.get(id);
    if (message === undefined) return [];
    const { actor, type } = message;
    const at = events.find(({ seq }) => seq === answer.seq)?.at ?? fallbackAt;
    const payload = { kind: 'command', message };
    return [{ ...key, id, actorId: actor.memberId, type, payload, answer, at }];
  });
  return [...startOf(key, input), ...sent];
}

/** None where the engine no longer keeps the history of the item's first run. */
function startOf(key: ItemKey, input: RunRecord['input']): LostCommand[] {
  if (input.continued !== undefined) return [];
  const first = firstEvents(input);
  return [
    {
      ...key,
      id: input.commandId,
      actorId: input.actor,
      type: 'start_item',
      payload: { kind: 'start', input },
      answer: answerAt(first.snapshot, first.events.length),
      at: input.item.at,
    },
  ];
}

function textsOf({ input, events }: RunRecord): MissingRecords['lost']['texts'] {
  const brief = input.continued === undefined ? input.item.brief : null;
  const texts = new Map<string, MissingRecords['lost']['texts'][number]>();
  if (brief !== null) texts.set(brief.hash, { kind: 'brief', version: 1, hash: brief.hash });
  for (const { type, data } of events) {
    if (type !== 'brief.saved' && type !== 'draft.saved') continue;
    const kind = type === 'brief.saved' ? 'brief' : 'draft';
    const hash = String(data['hash']);
    texts.set(hash, { kind, version: Number(data['version']), hash });
  }
  return [...texts.values()];
}

const LEDGER_STATES: Partial<Record<PublicationRecord['state'], LostIntent['state']>> = {
  published: 'published',
  rejected: 'rejected',
  not_live: 'not_live',
  unknown: 'unknown',
  // Its attempt may have reached the network: it is looked up, never sent at once.
  sending: 'unknown',
};

function intentOf(key: ItemKey, publication: PublicationRecord): LostIntent[] {
  const { id, channelAccountId, slotNumber, contentHash, at, remoteId, permalink } = publication;
  const state = LEDGER_STATES[publication.state];
  if (state === undefined) return [];
  const identity = { ...key, channelAccountId, slotNumber };
  const intentKey = intentKeyOf(identity);
  return [
    {
      ...identity,
      publicationId: id,
      intentKey,
      marker: markerOf(intentKey),
      contentHash: contentHash ?? '',
      dueAt: at,
      state,
      remoteId,
      permalink,
    },
  ];
}

/**
 * The row of an item that the tables do not know, as its start made it.
 * @throws NotPossible when what it refers to is gone, too.
 */
export async function restoreItem(
  tx: Db,
  { workspaceId, itemId }: ItemKey,
  { input }: RunRecord,
): Promise<void> {
  if (input.continued !== undefined) {
    throw new NotPossible('the engine no longer keeps the history of its first run');
  }
  const { playbook, campaign } = input.item;
  const members = await listMembers(tx, { workspaceId });
  if (!members.some(({ id }) => id === input.actor)) {
    throw new NotPossible(`${input.actor}, who started it, is no member. Restore that first`);
  }
  const pinned = await getPlaybook(tx, { workspaceId, name: playbook.name });
  if (pinned === null) {
    throw new NotPossible(`its playbook ${playbook.name} is gone. Restore that first`);
  }
  const joined =
    campaign === null ? null : await getCampaign(tx, { workspaceId, campaignId: campaign.id });
  const { seq: _, closedAt: __, ...shown } = itemRowOf(firstEvents(input).snapshot, 0);
  await insertItem(tx, {
    id: itemId,
    workspaceId,
    title: LOST_TITLE,
    campaignId: joined?.id ?? null,
    playbookName: playbook.name,
    playbookVersion: Math.min(playbook.version, pinned.version),
    createdBy: input.actor,
    ...shown,
  });
}

export async function restoreRecords(
  tx: Db,
  key: ItemKey,
  { commands, verdicts, intents }: MissingRecords,
): Promise<void> {
  for (const command of commands) await restoreCommand(tx, command);
  for (const [id, answer] of verdicts) {
    const command = { id, seq: answer.seq, answer: { ...answer } };
    await projectEvents(tx, { ...key, events: [], command });
  }
  for (const intent of intents) await restoreIntent(tx, intent);
}
