import type { Action, Item, StartedItem } from '../client/index.ts';
import { textTable } from './text-table.ts';

/** Name of a member by id; the id itself of one who is not known. */
export type Names = (memberId: string) => string;

/** An item in a dozen lines: where it is, whom it waits for, what was decided. */
export function itemText(item: Item, names: Names): string {
  const rows: [string, string][] = [
    ['stage', stageText(item)],
    ['owner', ownerText(item.owner, names)],
    ...item.waitingOn.map((one): [string, string] => [
      'waiting on',
      `${ownerText({ role: one.role, memberId: one.memberId ?? null }, names)} for ${one.for}`,
    ]),
    ['brief', item.brief ? `version ${item.brief.version}, ${short(item.brief.hash)}` : 'none'],
    ['draft', draftText(item)],
    ...item.handoffs.map((one): [string, string] => [
      'handoff',
      `${one.kind} ${one.state}${one.reason ? ` (${one.reason})` : ''}, ${one.id}`,
    ]),
    ...item.approvals.map((one): [string, string] => [
      'approval',
      `${one.role} ${one.decision} by ${names(one.memberId)} on ${short(one.contentHash)}${one.voided ? ', void' : ''}`,
    ]),
    ...item.publications.map((one): [string, string] => [
      'publication',
      `${one.channel} ${one.state} at ${time(one.at)}${saidOf(one)}, ${one.id}`,
    ]),
    ...checkpointRows(item),
    ...reviewRows(item),
  ];
  return `${item.id}  ${item.title}\n${textTable(rows, { indent: 2 })}`;
}

/** A started run: its id, its owner, and what can be done now. */
export function startedText({ item, owner, nextActions }: StartedItem, names: Names): string {
  const next = nextActions.filter(({ allowed }) => allowed).map(({ command }) => command);
  const rows = [
    ['stage', stageText(item)],
    ['owner', ownerText(owner, names)],
    ['next', next.join(', ') || 'nothing by you'],
  ];
  return `${item.id}  ${item.title}\n${textTable(rows, { indent: 2 })}`;
}

/** Commands the caller may send first, then the others with what stands in their way. */
export function actionsText(actions: readonly Action[]): string {
  const ordered = actions.toSorted((a, b) => Number(b.allowed) - Number(a.allowed));
  return textTable(
    ordered.map(({ command, allowed, unmet }) => [
      allowed ? 'yes' : 'no',
      command,
      unmet.map(({ code }) => code).join(', '),
    ]),
  );
}

/** A table of items; a stuck one shows since when it is due. */
export function itemsText(
  items: readonly Pick<Item, 'id' | 'title' | 'stage' | 'substage' | 'dueAt'>[],
): string {
  if (items.length === 0) return 'No items.';
  return textTable(
    items.map(({ id, title, stage, substage, dueAt }) => [
      id,
      substage === null ? stage : `${stage}.${substage}`,
      dueAt === null ? '' : `due ${time(dueAt)}`,
      title,
    ]),
  );
}

/** An instant to the minute, in UTC. */
export function time(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)}Z`;
}

/** Enough of a hash to tell it from others. */
export function short(hash: string): string {
  return hash.slice(0, 12);
}

function stageText({ stage, substage, stageEnteredAt, dueAt }: Item): string {
  const place = substage === null ? stage : `${stage} (${substage})`;
  const due = dueAt === null ? '' : `, due ${time(dueAt)}`;
  return `${place} since ${time(stageEnteredAt)}${due}`;
}

/** A role, and who holds it here if that is decided. */
export function ownerText(
  { role, memberId }: { role: string | null; memberId: string | null },
  names: Names,
): string {
  if (role === null) return 'nobody';
  return memberId === null ? role : `${names(memberId)} (${role})`;
}

/** Where a post is, or in the network's words why it was refused. */
function saidOf({ state, permalink, evidence }: Item['publications'][number]): string {
  const said = state === 'rejected' ? evidence : permalink;
  return said ? `, ${said}` : '';
}

function draftText({ draft, round }: Item): string {
  if (draft === null) return 'none';
  const content = draft.contentHash === null ? '' : `, content ${short(draft.contentHash)}`;
  return `version ${draft.version}${content}, ${round} rounds of changes`;
}

function checkpointRows({ checkpoints }: Item): [string, string][] {
  if (checkpoints.length === 0) return [];
  const states = checkpoints.map(({ checkpoint, state }) => `${checkpoint} ${state}`);
  return [['checkpoints', states.join(', ')]];
}

function reviewRows({ review }: Item): [string, string][] {
  if (!review) return [];
  const signed = review.signOffs.map(({ role, decision }) => `${role} ${decision}`);
  const missing = review.missing.map((role) => `${role} missing`);
  return [['KPI review', [...signed, ...missing].join(', ') || review.id]];
}
