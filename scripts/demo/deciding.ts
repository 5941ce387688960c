import type { Item, KpiReview } from '../../src/client/index.ts';
import { showVerdicts } from './bullet-table.ts';
import { peersOf } from './cast.ts';
import { poll } from './poll.ts';
import { refusalOf } from './refusal.ts';
import { type Story, short, untilStage } from './story.ts';

type FrozenReview = Awaited<ReturnType<typeof untilFrozen>>;
type Recommendation = NonNullable<KpiReview['recommendation']>;

/** What the strategist says to a review. */
interface Words {
  /** Also the reason of a decision that is not what Baton recommends. */
  comment: string;
  learnings: { claim: string; evidence?: string; confidence: 'low' | 'medium' | 'high' }[];
}

const OF_THE_FIRST: Words = {
  comment: 'Le carnet est demandé chaque semaine : nous continuons.',
  learnings: [
    {
      claim: 'Une scène de fournil en ouverture retient mieux qu’un chiffre',
      evidence: 'le taux de clic de cette pièce',
      confidence: 'medium',
    },
    { claim: 'Un carnet à télécharger en sortie fait revenir', confidence: 'low' },
  ],
};

const OF_THE_SECOND: Words = {
  comment: 'Teams keep asking for the checklist: we go on.',
  learnings: [
    { claim: 'A sentence that readers have said themselves is shared', confidence: 'medium' },
  ],
};

/** The frozen verdicts, three sign-offs by webhook, closed. */
export async function decide(story: Story, { id: itemId }: Item): Promise<void> {
  const { narrator, cast } = story;
  const { strategist } = cast;
  narrator.chapter('Verdicts, and three signatures');
  const review = await untilFrozen(story, itemId);
  narrator.say(
    'Targets were frozen when the brief was accepted. Missing would read “not available”, never 0.',
  );
  showVerdicts(narrator, review.verdicts);
  const { combined, hash, recommendation } = review;
  narrator.facts({
    completeness: completenessText(review),
    combined: combinedText(combined),
    recommendation: recommendationText(recommendation),
    'review hash': short(hash),
  });
  const against = recommendation.decision === 'retire' ? 'scale' : 'retire';
  const signOff = { role: 'strategist', reviewHash: hash } as const;
  const bare = await refusalOf(
    strategist.client.items.signOff(itemId, { ...signOff, decision: against }),
    { requirement: 'decision_reasoned' },
  );
  narrator.refused(strategist.name, `decides ${against} without a word`, bare);
  await sign(story, review, OF_THE_FIRST);
  const closed = await untilStage(story, itemId, 'closed');
  narrator.facts({ item: `${closed.id}, ${closed.stage}` });
}

/** The same of the second item of the campaign, in a few lines. */
export async function decideSecond(story: Story, { id: itemId }: Item): Promise<void> {
  await sign(story, await untilFrozen(story, itemId), OF_THE_SECOND);
  await untilStage(story, itemId, 'closed');
}

function completenessText({ completeness: { have, of } }: FrozenReview): string {
  return `${have} of ${of} sources, per post and age`;
}

export function combinedText({ verdict, kpi }: KpiReview['combined']): string {
  return kpi === null ? verdict : `${verdict} by ${kpi}`;
}

export function recommendationText({ decision, row, reason }: Recommendation): string {
  return `${decision} (row ${row}): ${reason}`;
}

/** What the strategist decides, and how it differs. What people ask for is carried on, whatever is recommended. */
export function chosenDecision({ decision: recommended }: Recommendation) {
  return recommended === 'retire' || recommended === 'extend_measurement'
    ? ({ decision: 'iterate', how: `, not the recommended ${recommended}, and says why` } as const)
    : ({ decision: recommended, how: '' } as const);
}

function untilFrozen({ cast }: Story, itemId: string) {
  return poll(`the frozen KPI review of ${itemId}`, async () => {
    const { hash, recommendation, ...found } = await cast.strategist.client.items.kpiReview(itemId);
    if (!found.frozen || hash === null) return { seen: 'it is not frozen' };
    if (!recommendation) throw new Error(`the review of ${itemId} recommends nothing`);
    return { found: { ...found, hash, recommendation } };
  });
}

/** The strategist decides, the other two agree. */
async function sign(
  { narrator, cast }: Story,
  { itemId, hash: reviewHash, recommendation }: FrozenReview,
  words: Words,
): Promise<void> {
  const { strategist } = cast;
  const { decision, how } = chosenDecision(recommendation);
  const seen = { itemId, reviewHash };
  await strategist.decide({
    type: 'sign_off',
    data: { ...seen, role: 'strategist', decision, ...words },
  });
  const count = words.learnings.length;
  const learnings = `${count} ${count === 1 ? 'learning' : 'learnings'} for the next brief`;
  narrator.done(strategist.name, `decides ${decision}${how}; ${learnings}`);
  for (const [role, player] of peersOf(cast)) {
    await player.decide({ type: 'sign_off', data: { ...seen, role, decision: 'agree' } });
    narrator.done(player.name, `agrees, as ${role}`);
  }
}
