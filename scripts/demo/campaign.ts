import { type BatonClient, type Item, wholeList } from '../../src/client/index.ts';
import { formatValue } from '../../src/domain/kpi/format.ts';
import { showVerdicts } from './bullet-table.ts';
import { peersOf } from './cast.ts';
import { chosenDecision, combinedText, decideSecond, recommendationText } from './deciding.ts';
import { poll } from './poll.ts';
import { refusalOf } from './refusal.ts';
import { type Story, short } from './story.ts';

type Campaign = Awaited<ReturnType<BatonClient['campaigns']['add']>>;
type CampaignReview = Awaited<ReturnType<BatonClient['campaigns']['review']>>;

/** What the pieces shall reach together. The reach of two posts is never added: one person may see both. */
const TARGETS: Campaign['kpiTargets'] = [
  { kpi: 'conversions', target: 120, checkpoint: '+28d', primary: true },
  { kpi: 'click_through_rate', target: 0.025, checkpoint: '+7d' },
  { kpi: 'engagement_rate', target: 0.05, checkpoint: '+7d' },
  { kpi: 'content_traffic', target: 3_000, checkpoint: '+28d' },
  { kpi: 'campaign_reach', target: 80_000, checkpoint: '+28d' },
];

/** A goal and targets for two items that are still to be made. */
export async function startCampaign({ narrator, cast }: Story): Promise<Campaign> {
  const { strategist } = cast;
  narrator.chapter('A campaign');
  const campaign = await strategist.client.campaigns.add({
    name: 'Less is lost',
    goal: 'attract',
    kpiTargets: TARGETS,
  });
  narrator.done(strategist.name, `opens the campaign “${campaign.name}” for two items`);
  narrator.facts({
    campaign: campaign.id,
    targets: TARGETS.map(({ kpi, checkpoint }) => `${kpi} at ${checkpoint}`).join(', '),
  });
  return campaign;
}

/** Its last item is closed, so its review opens by itself: verdicts over all posts, three signatures, closed. */
export async function reviewCampaign(
  story: Story,
  campaign: Campaign,
  items: readonly [Item, Item],
): Promise<void> {
  const { narrator, cast } = story;
  const { strategist, creator } = cast;
  const { campaigns } = strategist.client;
  narrator.chapter('The review of the campaign');
  narrator.say(`First its second item, ${items[1].id}:`);
  await decideSecond(story, items[1]);
  const { hash, recommendation, ...review } = await untilFrozen(story, campaign.id);
  if (review.items !== items.length) throw new Error(`${campaign.id} has ${review.items} items`);
  narrator.say(
    'That was the last one, so the review opens by itself. Counts add up, rates are divided anew, people are never added.',
  );
  showVerdicts(narrator, review.verdicts);
  await showItems(story, items);
  narrator.facts({
    combined: combinedText(review.combined),
    recommendation: recommendationText(recommendation),
    'by account': await accountsText(story, review),
    'review hash': short(hash),
  });
  const early = await refusalOf(
    creator.client.campaigns.signOff(campaign.id, { role: 'creator', decision: 'agree' }),
    { requirement: 'strategist_decides_first' },
  );
  narrator.refused(creator.name, 'agrees before anybody has decided', early);
  const { decision, how } = chosenDecision(recommendation);
  const seen = { reviewHash: hash };
  await campaigns.signOff(campaign.id, {
    ...seen,
    role: 'strategist',
    decision,
    comment: 'Both are asked for every week: we go on.',
    learnings: 'Two audiences, one download: both came for something to keep.',
  });
  narrator.done(strategist.name, `decides ${decision} for the campaign${how}`);
  for (const [role, player] of peersOf(cast)) {
    await player.client.campaigns.signOff(campaign.id, { ...seen, role, decision: 'agree' });
    narrator.done(player.name, `agrees, as ${role}`);
  }
  const { state, closedAt } = await campaigns.get(campaign.id);
  if (state !== 'closed') throw new Error(`${campaign.id} has three signatures and is ${state}`);
  narrator.facts({
    decision: `${decision} by ${strategist.name}, ${closedAt?.slice(0, 10)}`,
    campaign: `${campaign.id}, ${state}`,
  });
}

function untilFrozen({ cast }: Story, campaignId: string) {
  return poll(`the frozen review of ${campaignId}`, async () => {
    const { hash, recommendation, ...found } =
      await cast.strategist.client.campaigns.review(campaignId);
    if (!found.frozen || hash === null) return { seen: 'it is not frozen' };
    if (!recommendation) throw new Error(`the review of ${campaignId} recommends nothing`);
    return { found: { ...found, hash, recommendation } };
  });
}

/** Each item with what was recommended and decided. */
async function showItems({ narrator, cast }: Story, items: readonly Item[]): Promise<void> {
  const reviews = await Promise.all(
    items.map(({ id }) => cast.strategist.client.items.kpiReview(id)),
  );
  narrator.table([
    ['item', 'verdict', 'recommended', 'decided', 'title'],
    ...reviews.map(({ itemId, combined, recommendation, decision, title }) => [
      itemId,
      combined.verdict,
      recommendation?.decision ?? '',
      decision?.decision ?? '',
      title,
    ]),
  ]);
}

/** A target for a rate holds for every account, too. */
async function accountsText(
  { cast }: Story,
  { verdicts }: Pick<CampaignReview, 'verdicts'>,
): Promise<string> {
  const { channelAccounts } = cast.strategist.client;
  const accounts = await wholeList((query) =>
    channelAccounts.list({ channel: 'sandbox', ...query }),
  );
  return verdicts
    .filter(({ scope, kpi }) => scope.startsWith('channel:') && kpi === 'click_through_rate')
    .map(({ scope, kpi, verdict, unit, value }) => {
      const name = accounts.find(({ id }) => scope === `channel:${id}`)?.name ?? scope;
      return `${name}: ${kpi} ${value === null ? 'none' : formatValue(unit, value)}, ${verdict}`;
    })
    .join('; ');
}
