import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ChainMark, listChainMarks, readChains } from '../db/audit/chains.ts';
import type { Observation } from '../db/audit/findings.ts';
import type { Db } from '../db/client.ts';
import type { StoredEvent } from '../db/item/item-events.ts';
import { type CouldNotAsk, findingId } from '../domain/audit/finding.ts';
import { type ChainFault, commandIdOf, type ItemEvent, verifyChain } from '../domain/item/event.ts';
import { ASK_AGAIN, leftOver } from './ask-many.ts';
import { type AuditMemory, type ChainVerdict, keepAtMost } from './audit-memory.ts';

/** Chains read at a time. */
const BATCH = 25;
/** Events verified at a time: the event loop is given back in between. */
const EVENTS_AT_A_TIME = 200;
/** Verifying is pure computing; a call does so much of it, the next one goes on. */
const BUDGET_MS = 1_000;
const REMEMBERED = 50_000;

/**
 * Chains that do not verify: an event was changed, or the row does not end where its chain does. A
 * chain is computed again only when its stored rows have changed since it was verified.
 */
export async function findBrokenChains(
  { db, memory }: { db: Db; memory: AuditMemory },
  question: { workspaceId: string; now: string; itemId?: string | undefined },
): Promise<{ facts: Observation[]; couldNotAsk: CouldNotAsk[] }> {
  const marks = await listChainMarks(db, question);
  const unverified = marks.filter(
    ({ itemId, fingerprint }) => memory.chains.get(itemId)?.fingerprint !== fingerprint,
  );
  const until = performance.now() + BUDGET_MS;
  let done = 0;
  for (; done < unverified.length && performance.now() < until; done += BATCH) {
    await verifyBatch({ db, memory }, question.workspaceId, unverified.slice(done, done + BATCH));
  }
  keepAtMost(memory.chains, REMEMBERED);
  const left = Math.max(0, unverified.length - done);
  return {
    facts: marks.flatMap((mark) => factOf(mark, memory)),
    couldNotAsk: leftOver(left, {
      what: `the event chains of ${left} items`,
      why: ASK_AGAIN,
      codes: ['chain_broken'],
    }),
  };
}

async function verifyBatch(
  { db, memory }: { db: Db; memory: AuditMemory },
  workspaceId: string,
  marks: readonly ChainMark[],
): Promise<void> {
  const itemIds = marks.map(({ itemId }) => itemId);
  const chains = await readChains(db, { workspaceId, itemIds });
  for (const mark of marks) {
    const { itemId, fingerprint } = mark;
    const fault = await verdictOn(mark, chains.get(itemId) ?? []);
    memory.chains.set(itemId, { fingerprint, fault });
  }
}

async function verdictOn(
  mark: ChainMark,
  chain: readonly (StoredEvent & { recordedAt: string })[],
): Promise<ChainVerdict | null> {
  const fault = await faultIn(chain);
  if (fault !== null) {
    const since = chain.find(({ seq }) => seq === fault.seq)?.recordedAt ?? mark.updatedAt;
    return { ...fault, fault: 'hash', since };
  }
  // A column beside the hashed data, which look-ups of commands believe.
  const other = chain.find((event) => event.commandId !== commandIdOf(event));
  if (other !== undefined) {
    return { code: 'chain_broken', seq: other.seq, fault: 'command', since: other.recordedAt };
  }
  const last = chain.at(-1);
  if (last?.seq !== mark.seq || last.hash === mark.headHash) return null;
  return { code: 'chain_broken', seq: mark.seq, fault: 'head', since: mark.updatedAt };
}

async function faultIn(chain: readonly ItemEvent[]): Promise<ChainFault | null> {
  for (let at = 0; at < chain.length; at += EVENTS_AT_A_TIME) {
    const before = chain[at - 1];
    const fault = verifyChain(chain.slice(at, at + EVENTS_AT_A_TIME), before);
    if (fault !== null) return fault;
    await nextTurn();
  }
  return null;
}

/** A hole is a finding of its own: what comes after it cannot be judged. */
function factOf({ itemId }: ChainMark, memory: AuditMemory): Observation[] {
  const verdict = memory.chains.get(itemId)?.fault ?? null;
  if (verdict === null || verdict.code !== 'chain_broken') return [];
  const { seq, fault, since } = verdict;
  const id = findingId('chain_broken', itemId);
  return [{ id, code: 'chain_broken', itemId, since, evidence: { seq, fault } }];
}
