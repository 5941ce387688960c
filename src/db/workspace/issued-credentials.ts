import { and, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm';
import { ID_PREFIXES } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import { apiKeys, approvalLinks, webhookEndpoints } from '../schema/index.ts';

/**
 * What something was done with: a key or a webhook endpoint, and who had made it for its member; or an
 * approval link, and whom it was made for.
 */
export type Via = (
  | { keyId: string }
  | { endpointId: string }
  | { linkId: string; name: string }
) & {
  issuedBy?: string;
};

/** Whether somebody else than its member made a credential. */
export function isIssuedByOther({
  memberId,
  issuedBy,
}: {
  memberId: string;
  issuedBy: string | null;
}): boolean {
  return issuedBy !== null && issuedBy !== memberId;
}

/** The credential in the id of a command: `http:key_…:…`, `webhook:whe_…:…` or `link:lnk_…`. */
export function credentialOf(commandId: string | null): string | null {
  return (
    /^(?:(?:http|webhook):([^:]+):|link:([^:]+)$)/
      .exec(commandId ?? '')
      ?.slice(1)
      .find(Boolean) ?? null
  );
}

/** Of the credentials that somebody else had made for their member, who that was. */
export async function findIssuers(
  db: Db,
  { workspaceId, ids }: { workspaceId: string; ids: readonly (string | null)[] },
): Promise<Map<string, string>> {
  const known = [...new Set(ids.filter((id) => id !== null))];
  if (known.length === 0) return new Map();
  const keys = await issuersIn(db, apiKeys, { workspaceId, ids: known });
  const endpoints = await issuersIn(db, webhookEndpoints, { workspaceId, ids: known });
  return new Map([...keys, ...endpoints].map(({ id, issuedBy }) => [id, issuedBy]));
}

function issuersIn(
  db: Db,
  table: typeof apiKeys | typeof webhookEndpoints,
  { workspaceId, ids }: { workspaceId: string; ids: string[] },
): Promise<{ id: string; issuedBy: string }[]> {
  const { id, issuedBy, memberId } = table;
  return (
    db
      // An endpoint for Slack is of nobody, so that its issuer is always somebody else.
      .select({ id, issuedBy: sql<string>`${issuedBy}` })
      .from(table)
      .where(
        and(
          eq(table.workspaceId, workspaceId),
          inArray(id, ids),
          or(isNull(memberId), ne(issuedBy, memberId)),
        ),
      )
      .execute()
  );
}

/** How a credential is told. */
export function viaOf(credentialId: string, issuedBy: string | undefined): Via {
  const issuer = issuedBy === undefined ? {} : { issuedBy };
  return credentialId.startsWith(`${ID_PREFIXES.apiKey}_`)
    ? { keyId: credentialId, ...issuer }
    : { endpointId: credentialId, ...issuer };
}

/** Whom approval links were made for, and by whom. */
export async function findLinkVias(
  db: Db,
  { workspaceId, ids }: { workspaceId: string; ids: readonly (string | null)[] },
): Promise<Map<string, Via>> {
  const known = [...new Set(ids.filter(isLinkId))];
  if (known.length === 0) return new Map();
  const { id, name, issuedBy } = approvalLinks;
  const links = await db
    .select({ id, name, issuedBy })
    .from(approvalLinks)
    .where(and(eq(approvalLinks.workspaceId, workspaceId), inArray(id, known)));
  return new Map(
    links.map((link) => {
      const issuer = link.issuedBy === null ? {} : { issuedBy: link.issuedBy };
      return [link.id, { linkId: link.id, name: link.name, ...issuer }];
    }),
  );
}

function isLinkId(id: string | null): id is string {
  return id?.startsWith(`${ID_PREFIXES.approvalLink}_`) === true;
}
