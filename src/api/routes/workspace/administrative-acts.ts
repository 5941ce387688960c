import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listActs } from '../../../db/audit/administrative-acts.ts';
import { findIssuers, viaOf } from '../../../db/workspace/issued-credentials.ts';
import { Instant } from '../../../domain/instant.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { forRoles } from '../../gates/require-role.ts';
import { pageAnswers } from '../../route-answers.ts';
import { InstantText, paging, withKey } from '../../route-parts.ts';
import { Via } from '../../timeline-schema.ts';

const columns = z.record(z.string(), z.unknown());

/** As the trigger `record_act` writes it. */
const ActRecord = z.object({
  seq: z.int(),
  at: InstantText,
  actor: z.string().describe('a member, `operator` (at the machine itself) or `system`'),
  credential: z.string().nullable(),
  act: z.string().describe('what it is about, and `added`, `changed` or `removed`'),
  target: z.string().describe('id of what it is about'),
  changed: z.array(z.string()).describe('columns, also those whose values are secret'),
  before: columns.nullable(),
  after: columns.nullable(),
});

const { credential: _, ...told } = ActRecord.shape;

const AdministrativeAct = z
  .object({
    ...told,
    via: Via.optional(),
    before: columns.optional().describe('the changed columns; a secret is `(secret)`'),
    after: columns.optional(),
    record: z.string().describe('the act as JSON text: what the hash covers'),
    prevHash: z.string(),
    hash: z.string().describe('SHA-256 of `prevHash` and `record`, as UTF-8'),
  })
  .meta({ id: 'AdministrativeAct' });

const id = z.string().min(1).max(64).optional();

const listRoute = createRoute({
  ...withKey('get', 'Audit'),
  middleware: forRoles(['admin']),
  path: '/v1/audit/administration',
  operationId: 'listAdministrativeActs',
  summary: 'What was done to the workspace itself, oldest first (admin)',
  description:
    'Members, keys, accounts, endpoints, campaigns, windows, feeds, playbooks and repairs: who changed what, what it was before and after. Append-only, and chained by its hashes.',
  request: {
    query: z.strictObject({
      actor: id.meta({ description: 'who did it' }),
      target: id.meta({ description: 'what it was done to' }),
      from: Instant.optional().meta({ description: 'at or after it' }),
      to: Instant.optional().meta({ description: 'before it' }),
      ...paging,
    }),
  },
  responses: pageAnswers(AdministrativeAct, 'A page of acts', 'forbidden'),
});

export function administrativeActRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>().openapi(listRoute, async (c) => {
    const { workspaceId } = c.get('caller');
    const page = await listActs(db, { workspaceId, ...c.req.valid('query') });
    const acts = page.items.map((row) => ({ row, act: ActRecord.parse(JSON.parse(row.record)) }));
    const ids = acts.map(({ act }) => act.credential);
    const issuers = await findIssuers(db, { workspaceId, ids });
    const items = acts.map(({ row: { record, prevHash, hash }, act }) => {
      const { credential, before, after, ...rest } = act;
      return {
        ...rest,
        ...(credential !== null && { via: viaOf(credential, issuers.get(credential)) }),
        ...(before !== null && { before }),
        ...(after !== null && { after }),
        record,
        prevHash,
        hash,
      };
    });
    return c.json({ items, nextCursor: page.nextCursor }, 200);
  });
}
