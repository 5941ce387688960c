import { and, arrayOverlaps, asc, eq, inArray } from 'drizzle-orm';
import type { ItemFacts } from '../../domain/outbound/body.ts';
import type { Role } from '../../domain/people/roles.ts';
import type { Db } from '../client.ts';
import { items, members, webhookEndpoints } from '../schema/index.ts';
import type { WebhookDecision } from '../schema/webhook-endpoints.ts';

/** What the rows of items say that their events do not. */
export async function readItemFacts(
  db: Db,
  { workspaceId, itemIds }: { workspaceId: string; itemIds: string[] },
): Promise<(ItemFacts & { id: string })[]> {
  if (itemIds.length === 0) return [];
  const { id, title, campaignId, stage, substage } = items;
  return db
    .select({ id, title, campaignId, stage, substage })
    .from(items)
    .where(and(eq(items.workspaceId, workspaceId), inArray(id, itemIds)));
}

/** An endpoint through which decisions come in. */
export interface AnswerEndpoint {
  id: string;
  memberId: string;
  roles: Role[];
  decisions: WebhookDecision[];
}

/** Endpoints of active members through which one of the decisions may be made, the oldest first. */
export async function listAnswerEndpoints(
  db: Db,
  { workspaceId, decisions }: { workspaceId: string; decisions: WebhookDecision[] },
): Promise<AnswerEndpoint[]> {
  if (decisions.length === 0) return [];
  const { id, decisions: may, createdAt } = webhookEndpoints;
  return db
    .select({ id, memberId: members.id, roles: members.roles, decisions: may })
    .from(webhookEndpoints)
    .innerJoin(
      members,
      and(
        // Not one of Slack's: it takes clicks of many, from nobody but Slack.
        eq(members.id, webhookEndpoints.memberId),
        eq(members.workspaceId, workspaceId),
        eq(members.active, true),
      ),
    )
    .where(
      and(
        eq(webhookEndpoints.workspaceId, workspaceId),
        eq(webhookEndpoints.active, true),
        arrayOverlaps(may, decisions),
      ),
    )
    .orderBy(asc(createdAt), asc(id))
    .limit(MOST_ENDPOINTS);
}

/** Looked at for one answer. */
const MOST_ENDPOINTS = 200;
