import type { Brief } from '../../src/domain/item/content/brief.ts';
import type { Draft } from '../../src/domain/item/content/draft.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';

/** A complete brief for the sandbox channel, with targets of all three roles. */
export function makeBrief(change: Partial<Brief> = {}): Brief {
  return {
    objective: 'Show bakers how a shared order book saves bread from the bin',
    goal: 'engage',
    intent: 'inform',
    pillar: 'craft',
    audience: {
      description: 'Bakers with two to five shops',
      method: 'interview',
      sources: ['six interviews'],
    },
    keyMessage: 'What is counted in the evening is not thrown away in the morning',
    callToAction: { text: 'Read the guide', url: 'https://example.org/guide' },
    formats: ['written'],
    channels: ['sandbox'],
    languages: ['en'],
    dueAt: '2030-01-01T12:00:00Z',
    kpiTargets: [
      { kpi: 'click_through_rate', target: 0.01, checkpoint: '+7d', primary: true },
      { kpi: 'content_traffic', target: 50, checkpoint: '+28d' },
      { kpi: 'shares', target: 5, checkpoint: '+7d' },
    ],
    ...change,
  };
}

export function makeDraft(change: Partial<Draft> = {}): Draft {
  return {
    language: 'en',
    title: 'The order book that saves bread',
    body: 'Every evening three shops write down what is left. In the morning they bake less.',
    assets: [],
    variants: [{ channel: 'sandbox', text: 'Three shops, one order book, less waste.' }],
    contributors: [],
    ...change,
  };
}

/** Every human entry of a checklist of the standard playbook, ticked. */
export function tickedChecklist(name: 'brief' | 'review'): Record<string, boolean> {
  return Object.fromEntries(
    STANDARD_PLAYBOOK.checklists[name]
      .filter(({ kind }) => kind === 'human')
      .map(({ code }) => [code, true]),
  );
}
