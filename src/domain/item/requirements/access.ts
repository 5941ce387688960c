import type { Role } from '../../people/roles.ts';
import type { CommandPayloads } from '../commands.ts';
import { versionTag } from '../content/version-tag.ts';
import { currentReview, type ItemContext, publicationById } from '../context.ts';
import { accountsToReplace } from '../refusals.ts';
import { peerDecision } from '../review-decision.ts';
import { CHECKPOINT_BYTES, ITEM_BYTES, itemBytes } from '../size.ts';
import { isFinal } from '../stages.ts';
import {
  isBlank,
  MET,
  plansASend,
  type Question,
  type Requirements,
  rolesWith,
  unmet,
} from './question.ts';

function isDissent(context: ItemContext, refs: CommandPayloads['sign_off']['refs']): boolean {
  if (refs.role === 'strategist') return false;
  const lead = currentReview(context)?.signOffs.find(({ role }) => role === 'strategist');
  return peerDecision(refs.decision, lead?.decision) === 'dissent';
}

/** Commands that only end or move what is there have their room already: an item can always be ended. */
function addsToItem({ ask }: Question): boolean {
  if (ask.refs === null) return true;
  switch (ask.type) {
    case 'reassign':
      return ask.refs.as === 'co_author';
    case 'resolve_publication':
      return plansASend(ask);
    case 'sign_off':
      return ask.refs.decision === 'extend_measurement';
    default:
      return true;
  }
}

/** What the item takes once the command is applied; of a command without its payload, what it takes now. */
function bytesAfter({ context, ask, changed }: Question): number {
  if (ask.refs === null) return itemBytes(context);
  const published = context.publications.filter(({ state }) => state === 'published').length;
  const checkpoints = ask.type === 'sign_off' ? published * CHECKPOINT_BYTES : 0;
  return itemBytes(changed()) + checkpoints;
}

/** True when skipping a post gives up what its account was refused. */
function givesUpRefusal(context: ItemContext, publicationId: string): boolean {
  const account = publicationById(context, publicationId)?.channelAccountId;
  return context.publications.some(
    ({ state, channelAccountId }) => state === 'rejected' && channelAccountId === account,
  );
}

/** Whether this command may be given here, now, by this member; who may receive the item. */
export const ACCESS_REQUIREMENTS = {
  item_closed: {
    text: 'The item is open.',
    check: ({ place }) => (isFinal(place) ? unmet(`the item is ${place}`) : MET),
  },

  basis_changed: {
    text: 'The item is still as the command found it (`basisSeq`, `If-Match`).',
    check: ({ context, seq, ask }) => {
      const { basisSeq, basisTag } = ask;
      if (basisSeq !== undefined && basisSeq !== seq) {
        return unmet(`the item is at ${seq}, the command is based on ${basisSeq}`);
      }
      return basisTag !== undefined && basisTag !== versionTag(ask.type, context)
        ? unmet('someone saved another version in between')
        : MET;
    },
  },

  command_expired: {
    text: 'The command has not expired (`expiresAt`).',
    check: ({ ask }) =>
      ask.expiresAt !== undefined && Date.parse(ask.expiresAt) <= Date.parse(ask.at)
        ? unmet(`the command expired at ${ask.expiresAt}`)
        : MET,
  },

  in_stage: {
    text: 'The command fits the stage of the item.',
    check: ({ place, context, ask, access }) => {
      const { in: places, toReplacePost = [] } = access;
      const isOpen = toReplacePost.includes(place) && accountsToReplace(context).length > 0;
      return places.includes(place) || isOpen
        ? MET
        : unmet(`${ask.type} is possible in ${places.join(', ')}; the item is in ${place}`);
    },
  },

  holds_role: {
    text: 'The caller holds a role that may give this command here.',
    about: 'actor',
    check: ({ place, context, ask, access }) => {
      if (access.by === 'receiver') return MET;
      if (ask.type === 'save_draft' && context.coAuthors.includes(ask.actor.memberId)) return MET;
      const roles = rolesWith(access, { type: ask.type, place, context });
      const asked: readonly Role[] =
        (ask.type === 'decide_approval' || ask.type === 'sign_off') && ask.refs !== null
          ? [ask.refs.role]
          : roles;
      if (asked.length === 0 || asked.some((role) => ask.actor.roles.includes(role))) return MET;
      return unmet(`${ask.type} needs the role ${asked.join(' or ')}`, asked[0]);
    },
  },

  reason_given: {
    text: 'The command gives a reason. A dissent gives a comment. A slot may be skipped without, a refused post not.',
    check: ({ context, ask }) => {
      if (ask.refs === null) return MET;
      switch (ask.type) {
        case 'decide_approval':
          return ask.refs.decision === 'request_changes' && ask.refs.reason === undefined
            ? unmet('a request for changes needs a reason')
            : MET;
        case 'sign_off':
          return isDissent(context, ask.refs) && ask.refs.commentId === undefined
            ? unmet('a dissent needs a comment')
            : MET;
        case 'skip_publication':
          return isBlank(ask.refs.reason) && givesUpRefusal(context, ask.refs.publicationId)
            ? unmet('a refused post is skipped with a reason')
            : MET;
        case 'decline_handoff':
        case 'hold':
        case 'resume':
        case 'cancel':
        case 'extend':
          return isBlank(ask.refs.reason) ? unmet(`${ask.type} needs a reason`) : MET;
        default:
          return MET;
      }
    },
  },

  receiver_holds_role: {
    text: 'The receiver holds the role.',
    check: ({ ask }) => {
      if (ask.type !== 'reassign' || ask.refs === null || ask.refs.as === 'co_author') return MET;
      return ask.facts.receiverRoles.includes(ask.refs.role)
        ? MET
        : unmet(`the receiver does not hold the role ${ask.refs.role}`, ask.refs.role);
    },
  },

  receiver_active: {
    text: 'The receiver is an active member of the workspace.',
    check: ({ ask }) => {
      if (ask.type !== 'reassign' || ask.refs === null) return MET;
      return ask.facts.receiverActive
        ? MET
        : unmet('the receiver is not an active member of this workspace');
    },
  },

  item_has_room: {
    text: 'The item has room for what the command adds: what one run carries has a bound.',
    check: (question) => {
      if (!addsToItem(question)) return MET;
      const bytes = bytesAfter(question);
      return bytes <= ITEM_BYTES
        ? MET
        : unmet(
            `the item would take ${bytes} bytes and may take ${ITEM_BYTES}: end this one and go on in a new item`,
          );
    },
  },

  clock_running: {
    text: 'A clock runs in this stage.',
    check: ({ context }) => (context.clock === null ? unmet('no clock runs in this stage') : MET),
  },
} as const satisfies Requirements;
