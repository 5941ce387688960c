import { createCampaignLook } from '../../src/campaigns/look.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import type { CampaignKey, CampaignLook } from '../../src/domain/campaign/campaign-run.ts';
import type { ItemEventType } from '../../src/domain/item/event.ts';
import type { Json } from './api-fixture.ts';
import { startCampaignCalls } from './campaign-calls.ts';
import { type EngineApi, openEngineApi } from './engine-api.ts';
import { eventually } from './eventually.ts';

/** Longer than a run pauses while something is left to be done soon. */
const REST_MS = 5 * 60_000;

/** The API over a whole engine, with what tests of campaigns ask of it. */
export interface CampaignApi extends EngineApi {
  /** Every call of a run of a campaign. */
  calls: CampaignKey[];
  /** @returns the id of a campaign whose gate is open, unless the change says otherwise. */
  makeCampaign(change?: object): Promise<string>;
  keyOf(campaignId: string): CampaignKey;
  /** As the strategist. */
  act(kind: 'release' | 'pause' | 'resume' | 'cancel', campaignId: string): Promise<Json>;
  progress(campaignId: string): Promise<Json>;
  /** The latest act, once it is carried out. */
  settled(campaignId: string, options?: { withinMs?: number }): Promise<Json>;
  stageOf(itemId: string): Promise<string>;
  /** How often the chain of an item has events of a type. */
  countEvents(itemId: string, type: ItemEventType): Promise<number>;
  /** One look at the campaign, in this process and beside its run. */
  lookAt(campaignId: string): Promise<CampaignLook>;
  /** Looks until it is so, as a run does every few seconds while something is left to be done. */
  looksUntil(campaignId: string, what: string, check: () => Promise<boolean>): Promise<void>;
  /** What an act has asked of items that have not answered, or that refused while a post was on its way. */
  storeHolds(actId: string, itemIds: string[], state: 'pending' | 'refused'): Promise<void>;
  /** Its run has looked at everything, and nothing of the campaign is left to be done soon. */
  atRest(campaignId: string): Promise<void>;
}

/**
 * @param isCalled whether the part of a worker runs that calls the runs of campaigns. Without it a campaign
 * is looked at by the test alone.
 */
export async function openCampaignApi({ isCalled = true } = {}): Promise<CampaignApi> {
  const api = await openEngineApi();
  const { engine } = api;
  const calling = isCalled ? startCampaignCalls(engine) : null;
  const look = createCampaignLook(engine.programDeps);
  const keyOf = (campaignId: string) => ({
    workspaceId: engine.workspace.workspaceId,
    campaignId,
  });
  const lookAt = (campaignId: string) =>
    inWorkspace(keyOf(campaignId), () => look(keyOf(campaignId)));
  const progress = (campaignId: string) =>
    api.ok('strategist', 'GET', `/v1/campaigns/${campaignId}/progress`);
  return {
    ...api,
    calls: calling?.calls ?? [],
    async makeCampaign(change = {}) {
      const campaign = { name: 'Spring', goal: 'engage', ...change };
      return (await api.ok('strategist', 'POST', '/v1/campaigns', campaign)).id;
    },
    keyOf,
    act: (kind, campaignId) =>
      api.ok('strategist', 'POST', `/v1/campaigns/${campaignId}/${kind}`, { reason: `to ${kind}` }),
    progress,
    settled: (campaignId, options) =>
      eventually(
        async () => {
          const [act] = (await progress(campaignId)).acts;
          return act.settledAt === null ? null : act;
        },
        { what: `${campaignId}: a settled act`, ...options },
      ),
    stageOf: async (itemId) => (await engine.item(itemId)).stage,
    countEvents: async (itemId, type) =>
      (await engine.chain(itemId)).filter((event) => event.type === type).length,
    lookAt,
    async looksUntil(campaignId, what, check) {
      await eventually(
        async () => {
          await lookAt(campaignId);
          return check();
        },
        { what },
      );
    },
    async storeHolds(actId, itemIds, state) {
      await engine.deps.db.$client.query(
        `insert into commands (id, workspace_id, item_id, actor_id, source, type, payload, body_hash,
           state, unmet, refused_at_seq, settled_at, expires_at)
         select 'campaign:' || $1 || ':' || id, $2, id, $3, 'campaign', 'hold', '{}', '', $5,
           case when $5 = 'refused' then '[{"code":"nothing_sending","message":"x"}]'::jsonb end,
           case when $5 = 'refused' then 0 end, case when $5 = 'refused' then now() end,
           now() + interval '1 day'
         from jsonb_array_elements_text($4::jsonb) id`,
        [
          actId,
          engine.workspace.workspaceId,
          engine.workspace.memberOf('strategist'),
          JSON.stringify(itemIds),
          state,
        ],
      );
    },
    async atRest(campaignId) {
      await eventually(
        async () => {
          const { rows } = await engine.deps.db.$client.query<{ rests: boolean }>(
            `select called_at <= looked_at
               and next_look_at > clock_timestamp() + $2 * interval '1 millisecond' as rests
             from campaign_runs where campaign_id = $1`,
            [campaignId, REST_MS],
          );
          return rows[0]?.rests === true;
        },
        { what: `${campaignId}: at rest` },
      );
    },
    async close() {
      await calling?.stop();
      await api.close();
    },
  };
}
