import { currentApprovals, type ItemContext } from '../item/context.ts';
import type { Role } from '../people/roles.ts';
import type { Wait } from './waits.ts';

/** An active member of the workspace. */
export interface Person {
  id: string;
  name: string;
  roles: readonly Role[];
  backupId: string | null;
  absentFrom: string | null;
  absentUntil: string | null;
}

/** The active people of a workspace, and what time it is for them. */
export interface People {
  all: readonly Person[];
  /** Epoch milliseconds. */
  now: number;
}

export function holdersOf({ all }: People, role: Role): Person[] {
  return all.filter(({ roles }) => roles.includes(role));
}

export function personOf({ all }: People, id: string | null): Person | null {
  return all.find((person) => person.id === id) ?? null;
}

export function isAbsent({ absentFrom, absentUntil }: Person, now: number): boolean {
  if (absentFrom === null && absentUntil === null) return false;
  const hasBegun = absentFrom === null || Date.parse(absentFrom) <= now;
  return hasBegun && (absentUntil === null || Date.parse(absentUntil) > now);
}

export function backupOf(person: Person, people: People): Person | null {
  return personOf(people, person.backupId);
}

/** Who is asked: the member named, else whoever holds the role and may answer. */
export function responsibleFor(wait: Wait, context: ItemContext, people: People): Person[] {
  if (wait.memberId !== undefined) {
    const named = personOf(people, wait.memberId);
    return named === null ? [] : [named];
  }
  const holders = holdersOf(people, wait.role);
  return wait.for === 'decide_approval'
    ? holders.filter(({ id }) => mayStillDecide(id, wait.role, context))
    : holders;
}

/** Nobody decides on own work, or twice; a quorum of all asks those it named. */
function mayStillDecide(id: string, role: Role, context: ItemContext): boolean {
  const set = currentApprovals(context);
  const asked = set?.asked.find((one) => one.role === role);
  if (set === null || asked === undefined || context.authors.includes(id)) return false;
  if (asked.quorum === 'all' && !asked.members.includes(id)) return false;
  return !set.decisions.some((decision) => decision.memberId === id && decision.role === role);
}
