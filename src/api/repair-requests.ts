import { z } from '@hono/zod-openapi';
import { NotPossible } from '../audit/repairs/repair-outcome.ts';
import type { RepairRequests } from '../audit/repairs/request-repair.ts';
import { InvalidBody } from '../commands/command-refusals.ts';
import { getItem } from '../db/item/items.ts';
import { inTransaction } from '../db/transaction.ts';
import { getChannelAccount } from '../db/workspace/channel-accounts.ts';
import { getMetricSource } from '../db/workspace/metric-sources.ts';
import { ReadingInput } from '../domain/kpi/measures.ts';
import { AccountCredentials, changeAccount } from './accounts/account-change.ts';
import { readAccountInput } from './accounts/account-input.ts';
import {
  changeMetricSource,
  readSourceInput,
  SourceCredentials,
} from './accounts/metric-source-change.ts';
import { checkMetricSource, findCheckTarget } from './accounts/metric-source-check.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError } from './gates/errors.ts';
import { checkReadings, MAX_AT_ONCE, storeReadings } from './readings/store.ts';

const NewReadings = z.strictObject({ readings: z.array(ReadingInput).min(1).max(MAX_AT_ONCE) });

type Deps = Pick<ApiDeps, 'db' | 'secrets' | 'accountFormOf' | 'metricSources' | 'engine'>;

/** The requests by which a finding can be put right, as their own routes carry them out. */
export function createRepairRequests(deps: Deps): RepairRequests {
  const { db, engine } = deps;
  return {
    async addReadings({ caller, itemId, body, requestId, dryRun }) {
      const { workspaceId, memberId: createdBy } = caller;
      const { readings } = parse(NewReadings, body);
      const item = await getItem(db, { workspaceId, itemId });
      if (item === null) throw new NotPossible('the item is not known');
      const placeOf = (index: number) => `readings.${index}`;
      await asBodyIssues(() => checkReadings(db, { item, readings, placeOf }));
      const changes = [`readings are stored: ${readings.length}`];
      if (dryRun) return { changes, result: {} };
      const batch = { workspaceId, itemId, createdBy, readings, requestId };
      await inTransaction(db, (tx) => storeReadings(tx, batch));
      const publicationIds = [...new Set(readings.map((one) => one.publicationId ?? null))];
      await engine.tellReadings({ itemId, publicationIds });
      return { changes, result: { count: readings.length } };
    },

    async replaceCredentials({ caller, channelAccountId, body, dryRun }) {
      const key = { workspaceId: caller.workspaceId, channelAccountId };
      const given = parse(AccountCredentials, body);
      const account = await getChannelAccount(db, key);
      if (account === null) throw new NotPossible('the channel account is not known');
      const changes = [`the credentials of ${channelAccountId} are replaced`];
      await asBodyIssues(async () => {
        if (dryRun) readAccountInput(deps.accountFormOf, account, given);
        else await inTransaction(db, (tx) => changeAccount(tx, deps, key, given));
      });
      const { tokenExpiresAt } = given;
      return { changes, result: dryRun ? {} : { channelAccountId, tokenExpiresAt } };
    },

    async replaceSourceCredentials({ caller, metricSourceId, body, dryRun }) {
      const key = { workspaceId: caller.workspaceId, metricSourceId };
      const given = parse(SourceCredentials, body);
      const source = await getMetricSource(db, key);
      if (source === null) throw new NotPossible('the metrics source is not known');
      const changes = [`the credentials of ${metricSourceId} are replaced`];
      await asBodyIssues(async () => {
        if (dryRun) readSourceInput(deps.metricSources, source.kind, given);
        else await inTransaction(db, (tx) => changeMetricSource(tx, deps, key, given));
      });
      return { changes, result: dryRun ? {} : { metricSourceId } };
    },

    async checkSource({ caller, sourceId, dryRun }) {
      const target = await findCheckTarget(db, { workspaceId: caller.workspaceId, sourceId });
      if (target === null) throw new NotPossible('the metrics source is not known');
      const changes = [`${sourceId} is asked whether it answers`];
      if (dryRun) return { changes, result: {} };
      return { changes, result: { check: await checkMetricSource(deps, target) } };
    },
  };
}

/** @throws InvalidBody */
function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new InvalidBody(
    parsed.error.issues.map(({ path, message }) => ({ path: path.map(String), message })),
  );
}

/** A refusal of fields, named as fields of this body. */
async function asBodyIssues(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError) || error.parts.issues === undefined) throw error;
    throw new InvalidBody(
      error.parts.issues.map(({ path, message }) => ({ path: path.split('.'), message })),
    );
  }
}
