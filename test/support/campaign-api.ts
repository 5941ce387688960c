import { createCampaignLook } from '../../src/campaigns/look.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import type { CampaignKey, CampaignLook } from '../../src/domain/campaign/campaign-run.ts';
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
  /** One look at the campaign, in this process and beside its run. */
  lookAt(campaignId: string): Promise<CampaignLook>;
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
    lookAt: (campaignId) => inWorkspace(keyOf(campaignId), () => look(keyOf(campaignId))),
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
