import {
  type FindingPosition,
  findInTables,
  type Observation,
  TABLE_CODES,
} from '../db/audit/findings.ts';
import { readItems } from '../db/audit/rows.ts';
import type { StoredItem } from '../db/item/items.ts';
import { decodeFindingCursor, encodeCursor, pageLimit } from '../db/paging.ts';
import { listMembers } from '../db/workspace/members.ts';
import {
  type CouldNotAsk,
  type Finding,
  findingSubject,
  issuedFindingId,
} from '../domain/audit/finding.ts';
import {
  FINDING_CODES,
  type FindingCode,
  kindOf,
  rankOf,
  repairsFor,
  type Severity,
} from '../domain/audit/finding-catalogue.ts';
import { findingMessage } from '../domain/audit/finding-message.ts';
import { type AuditMember, unmetOfWaits } from '../domain/audit/finding-unmet.ts';
import { placeOf } from '../domain/item/run.ts';
import { isNewer } from '../domain/item/versions/migrate.ts';
import type { Role } from '../domain/people/roles.ts';
import { findBrokenChains } from './broken-chains.ts';
import type { EngineAnswer, EngineDeps } from './engine-answer.ts';
import { findInEngine } from './engine-findings.ts';
import { comparePositions, isAfter } from './suspects.ts';
import { storedPage } from './watch/stored-page.ts';

/** Narrows the list; what is left out is not even looked for. */
export interface FindingFilters {
  code?: FindingCode | undefined;
  severity?: Severity | undefined;
  itemId?: string | undefined;
  /** Only what items are stuck with that wait for this role, or for this member. */
  role?: Role | undefined;
  memberId?: string | undefined;
  id?: string | undefined;
}

export interface StuckQuestion {
  workspaceId: string;
  /** The member who asks: they have their turns, whatever others ask. */
  askedBy?: string;
  /** ISO instant, real time. */
  now: string;
  limit?: number | undefined;
  cursor?: string | undefined;
  filters?: FindingFilters | undefined;
}

export interface StuckAnswer {
  items: Finding[];
  /** What could not be found out, and which findings may therefore be missing. */
  couldNotAsk: CouldNotAsk[];
  nextCursor: string | null;
}

/**
 * Everything that is stuck in a workspace, worst first: what the tables say, and what the engine says
 * when it is held against them; of a large workspace what the watch saw at its last look. The tables are enough for an answer; what the engine did not say in
 * time is named.
 * @throws StoreError `cursor_invalid`; the database's own error when it is away.
 */
export async function stuckFindings(
  deps: EngineDeps,
  question: StuckQuestion,
): Promise<StuckAnswer> {
  const { workspaceId, now, cursor, filters = {} } = question;
  const limit = pageLimit(question);
  const { asOf = now, after } = cursor === undefined ? {} : decodeFindingCursor(cursor);
  const { itemId, id, role, memberId } = filters;
  const codes = FINDING_CODES.filter((code) => isAskedFor(code, filters));
  const asked = { workspaceId, now, codes, itemId, id, role, memberId, after, limit: limit + 1 };
  const isAboutOne = itemId !== undefined || id !== undefined;
  const stored = isAboutOne ? null : await storedPage(deps, asked);
  const found = stored ?? (await findNow(deps, { ...asked, asOf }));
  const facts = inOrder(found.facts).filter(
    (fact) => after === undefined || isAfter(positionOf(fact), after),
  );
  const shown = facts.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: await explain(deps, { workspaceId, now }, shown),
    couldNotAsk: found.couldNotAsk,
    nextCursor: facts.length > limit && last !== undefined ? cursorAfter(last, question) : null,
  };
}

/** Where the page after a finding begins. All pages are as of the moment that the first was asked. */
export function cursorAfter(
  { code, since, id }: Pick<Finding, 'code' | 'since' | 'id'>,
  { cursor, now }: Pick<StuckQuestion, 'cursor' | 'now'>,
): string {
  const { asOf } = cursor === undefined ? { asOf: now } : decodeFindingCursor(cursor);
  return encodeCursor([asOf, rankOf(code), since, id]);
}

interface LiveQuestion extends FindingFilters {
  workspaceId: string;
  now: string;
  /** When the first page was asked. */
  asOf: string;
  codes: readonly FindingCode[];
  after: FindingPosition | undefined;
  limit: number;
}

/** What tables, chains and engine say now. */
async function findNow(
  deps: EngineDeps,
  { workspaceId, now, asOf, codes, after, limit, itemId, id, role, memberId }: LiveQuestion,
): Promise<Pick<EngineAnswer, 'facts' | 'couldNotAsk'>> {
  const tableCodes = TABLE_CODES.filter((code) => codes.includes(code));
  const scope = { workspaceId, now: asOf, itemId, id, role, memberId };
  const [fromTables, fromEngine] = await Promise.all([
    findInTables(deps.db, { ...scope, codes: tableCodes, after, limit }),
    findInEngine(deps, { workspaceId, now, codes, itemId, after }),
  ]);
  // Afterwards, because it computes: meanwhile answers of the engine would come too late.
  const fromChains = codes.includes('chain_broken')
    ? await findBrokenChains(deps, { workspaceId, now: asOf, itemId })
    : { facts: [], couldNotAsk: [] };
  const elsewhere = [...fromChains.facts, ...fromEngine.facts].filter(
    (fact) => id === undefined || findingSubject(fact.id) === findingSubject(id),
  );
  const wanted = await waitingFor(deps, workspaceId, { role, memberId }, elsewhere);
  return {
    facts: [...fromTables, ...wanted],
    couldNotAsk: [...fromChains.couldNotAsk, ...fromEngine.couldNotAsk],
  };
}

function isAskedFor(code: FindingCode, { code: only, severity }: FindingFilters): boolean {
  return (
    (only === undefined || only === code) &&
    (severity === undefined || severity === kindOf(code).severity)
  );
}

function positionOf({ code, since, id }: Observation): FindingPosition {
  return { rank: rankOf(code), since, id };
}

/** Each thing once: the engine's history and the stored chain may say the same of an item. */
function inOrder(facts: readonly Observation[]): Observation[] {
  const byId = new Map(facts.map((fact) => [fact.id, fact]));
  return [...byId.values()].sort((a, b) => comparePositions(positionOf(a), positionOf(b)));
}

/** The tables filter for themselves; of what was found elsewhere the rows are asked. */
async function waitingFor(
  { db }: EngineDeps,
  workspaceId: string,
  { role, memberId }: Pick<FindingFilters, 'role' | 'memberId'>,
  facts: Observation[],
): Promise<Observation[]> {
  if (role === undefined && memberId === undefined) return facts;
  const rows = await readItems(db, { workspaceId, itemIds: itemIdsOf(facts) });
  const wanted = new Set(
    rows
      .filter(
        ({ waitingOn }) =>
          (role === undefined || waitingOn.some((waited) => waited.role === role)) &&
          (memberId === undefined || waitingOn.some((waited) => waited.memberId === memberId)),
      )
      .map((row) => row.id),
  );
  return facts.filter(({ itemId }) => itemId !== null && wanted.has(itemId));
}

function itemIdsOf(facts: readonly Observation[]): string[] {
  return [...new Set(facts.map(({ itemId }) => itemId).filter((id) => id !== null))];
}

/** Whom each item waits for, what is in their way, and what may be done about it. */
async function explain(
  { db }: EngineDeps,
  { workspaceId, now }: { workspaceId: string; now: string },
  facts: readonly Observation[],
): Promise<Finding[]> {
  const itemIds = itemIdsOf(facts);
  const [rows, members] = await Promise.all([
    readItems(db, { workspaceId, itemIds }),
    itemIds.length === 0 ? [] : listMembers(db, { workspaceId }),
  ]);
  const explained = new Map(rows.map((row) => [row.id, situationOf(row, members, now)]));
  return facts.map(({ id, code, itemId, since, evidence }) => {
    const situation = itemId === null ? undefined : explained.get(itemId);
    const { waitingOn = [], unmet = [], place = null, isKnown = true } = situation ?? {};
    return {
      id: issuedFindingId(id, workspaceId),
      code,
      severity: kindOf(code).severity,
      ...(itemId !== null && { itemId }),
      since,
      waitingOn: waitingOn.map((waited) => ({ ...waited })),
      unmet,
      evidence,
      repairs: isKnown
        ? repairsFor({ code, evidence }, place === null ? null : { place, waitingOn })
        : [],
      ...noRepairOf(code),
      message: findingMessage({ code, itemId, since, evidence }),
    };
  });
}

function noRepairOf(code: FindingCode): Pick<Finding, 'noRepair'> {
  const { noRepair } = kindOf(code);
  return noRepair === undefined ? {} : { noRepair };
}

function situationOf(row: StoredItem, members: readonly AuditMember[], now: string) {
  const { snapshot, seq, waitingOn, clockOffsetMs } = row;
  const at = new Date(Date.parse(now) + clockOffsetMs).toISOString();
  // Whom it waits for is in the row; what stands in their way only a release that knows its machine can say.
  if (isNewer(snapshot)) return { waitingOn, unmet: [], place: null, isKnown: false };
  const unmet = unmetOfWaits({ snapshot, seq, at, waitingOn }, members);
  return { waitingOn, unmet, place: placeOf(snapshot), isKnown: true };
}
