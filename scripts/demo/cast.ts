import {
  type BatonClient,
  type CommandApplied,
  createBatonClient,
  sendWebhook,
  type WebhookCall,
  wholeList,
} from '../../src/client/index.ts';
import type { Credentials } from '../local/first-workspace.ts';

const PLAYERS = [
  'strategist',
  'creator',
  'social_media_manager',
  'editor',
  'legal',
  'admin',
] as const;
type PlayerRole = (typeof PLAYERS)[number];

/** A member of the story: calls the API with the key of their own. */
export interface Player {
  name: string;
  memberId: string;
  client: BatonClient;
  /**
   * Decides by a signed webhook, as a tool outside of Baton would.
   * @param id of the delivery; the same id again is the same decision
   */
  decide(call: WebhookCall, id?: string): Promise<CommandApplied>;
}

export type Cast = Record<PlayerRole, Player>;

/** Who signs a review after the strategist, and as what. */
export function peersOf({ creator, social_media_manager: manager }: Cast) {
  return [
    ['creator', creator],
    ['social_media_manager', manager],
  ] as const;
}

/** What each of them may decide by webhook. */
const DECISIONS = {
  strategist: ['sign_off'],
  creator: ['accept_handoff', 'decline_handoff', 'sign_off'],
  social_media_manager: ['accept_handoff', 'decline_handoff', 'sign_off'],
  editor: ['decide_approval'],
  legal: ['decide_approval'],
} as const satisfies Partial<Record<PlayerRole, WebhookCall['type'][]>>;

/**
 * Everybody with a client, and a webhook endpoint where they decide by one. An endpoint of an earlier
 * story gets a new secret, because the old one was shown once.
 */
export async function gatherCast(credentials: Credentials): Promise<Cast> {
  const { url } = credentials;
  const clients = mapRoles((role) => {
    const member = credentials.members.find((candidate) => candidate.role === role);
    if (!member) throw new Error(`the workspace has no ${role}: start with an empty state`);
    const { name, memberId, key } = member;
    return { name, memberId, client: createBatonClient({ url, key }) };
  });
  const { webhookEndpoints } = clients.admin.client;
  const everyEndpoint = await wholeList((query) => webhookEndpoints.list(query));
  const standing = everyEndpoint.filter(({ active }) => active);

  async function openEndpoint(role: keyof typeof DECISIONS) {
    const { memberId } = clients[role];
    const name = `demo: ${role}`;
    const known = standing.find((one) => one.name === name && one.memberId === memberId);
    if (known) {
      const { secret } = await webhookEndpoints.rotate(known.id);
      return { address: `${url}${known.url}`, secret };
    }
    const made = await webhookEndpoints.add({ name, memberId, decisions: [...DECISIONS[role]] });
    return { address: `${url}${made.url}`, secret: made.secret };
  }

  const endpoints = new Map<string, { address: string; secret: string }>();
  for (const role of PLAYERS) {
    if (role !== 'admin') endpoints.set(role, await openEndpoint(role));
  }
  return mapRoles((role) => ({
    ...clients[role],
    decide(call, id) {
      const endpoint = endpoints.get(role);
      if (!endpoint) throw new Error(`the ${role} has no webhook endpoint`);
      return sendWebhook({ ...endpoint, call, id });
    },
  }));
}

/** One value per role; the keys are exactly PLAYERS. */
function mapRoles<T>(value: (role: PlayerRole) => T): Record<PlayerRole, T> {
  return Object.fromEntries(PLAYERS.map((role) => [role, value(role)])) as Record<PlayerRole, T>;
}
