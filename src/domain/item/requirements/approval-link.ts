import { externalId, isExternal } from '../../people/external.ts';
import type { ApproverRole } from '../../people/roles.ts';
import { type Actor, currentApprovals, type ItemContext, rulesThatAsk } from '../context.ts';
import type { Place } from '../stages.ts';
import type { Unmet } from './catalogue.ts';
import { rolesFor } from './requirements.ts';

/** What an approval link is for: one role's decision on one content. */
export interface LinkTerms {
  role: ApproverRole;
  contentHash: string;
  /** Number of the approval set: the same content submitted again is another one. */
  approvalSet: number;
  /** ISO instant by the item's own clock. */
  expiresAt: string;
  revokedAt: string | null;
}

/** What can become of a link. `used`: its decision was given, whatever the run said of it. */
export const LINK_STATES = ['open', 'used', 'revoked', 'void', 'expired'] as const;
export type LinkState = (typeof LINK_STATES)[number];

export const LINK_LIFE_MS = 7 * 86_400_000;
export const MAX_LINK_LIFE_MS = 14 * 86_400_000;
/** Links that an item may have had. */
export const MAX_LINKS = 200;

/** A link is void once its content is not the one that the gate asks about: for good after an edit. */
export function linkState(
  link: LinkTerms,
  { context, now, isUsed }: { context: ItemContext; now: string; isUsed: boolean },
): LinkState {
  if (isUsed) return 'used';
  if (link.revokedAt !== null) return 'revoked';
  const set = currentApprovals(context);
  const isAsked = set?.state === 'open' && set.number === link.approvalSet;
  if (!isAsked || context.contentHash !== link.contentHash) return 'void';
  if (context.stage === 'closed' || context.stage === 'cancelled') return 'void';
  return Date.parse(link.expiresAt) <= Date.parse(now) ? 'expired' : 'open';
}

/**
 * What stands in the way of making a link: it is made in review, by whoever may reassign there (an
 * asked role, the strategist, an admin), and by nobody who wrote the piece. Who makes a link sees it.
 */
export function unmetForLink(
  { place, context }: { place: Place; context: ItemContext },
  { actor, role }: { actor: Pick<Actor, 'memberId' | 'roles'>; role: ApproverRole },
): Unmet[] {
  const makers = rolesFor('reassign', place, context);
  if (!makers.some((maker) => actor.roles.includes(maker))) {
    const message = `a link is made by ${makers.join(', ')}`;
    return [{ code: 'holds_role', message, ...(makers[0] && { role: makers[0] }) }];
  }
  if (place !== 'review.deciding') {
    return [{ code: 'in_stage', message: `a link is made in review; the item is in ${place}` }];
  }
  if (context.authors.includes(actor.memberId)) {
    const message = 'a person who wrote or submitted a version of this item may make no link to it';
    return [{ code: 'four_eyes', message }];
  }
  const rule = rulesThatAsk(context).find((one) => one.role === role);
  if (rule === undefined) return [{ code: 'role_asked', message: `the gate does not ask ${role}` }];
  if (rule.signIn === true) {
    return [{ code: 'signed_in', message: `the gate asks ${role} to sign in: it takes no link` }];
  }
  return rule.quorum === 'all'
    ? [{ code: 'role_asked', message: `the gate asks every member of ${role}, and nobody else` }]
    : [];
}

/** Folds what a person is called, so that two spellings of it are one. */
export function foldName(name: string): string {
  return name.normalize('NFKC').trim().replaceAll(/\s+/gu, ' ').toLowerCase();
}

interface LinkHolder {
  id: string;
  issuedBy: string | null;
  email: string | null;
  nameKey: string;
  /** Members whose address is the link's. */
  memberIds: readonly string[];
}

/**
 * Under which other ids whoever decides may have written or decided. Of a link: whoever made it, for
 * they have seen its secret; members with the address it went to; every link to the same address or
 * name, or of the same maker. Of a member: the links that they made, and those to their address.
 */
export function samePerson(links: readonly LinkHolder[], actorId: string): string[] {
  const own = links.find(({ id }) => externalId(id) === actorId);
  // Taken for a member, it would be nobody's second person.
  if (own === undefined && isExternal(actorId))
    throw new Error(`${actorId} is no link of the item`);
  if (own === undefined) {
    return links
      .filter(({ issuedBy, memberIds }) => issuedBy === actorId || memberIds.includes(actorId))
      .map(({ id }) => externalId(id));
  }
  const alike = links.filter(
    ({ id, email, nameKey, issuedBy }) =>
      id !== own.id &&
      ((email !== null && email === own.email) ||
        nameKey === own.nameKey ||
        (issuedBy !== null && issuedBy === own.issuedBy)),
  );
  const members = new Set([...(own.issuedBy === null ? [] : [own.issuedBy]), ...own.memberIds]);
  return [...members, ...alike.map(({ id }) => externalId(id))];
}
