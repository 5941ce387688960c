import { z } from 'zod';

const text = (max: number) => z.string().trim().min(1).max(max);

export const CONFIDENCES = ['low', 'medium', 'high'] as const;

/** What a review teaches: a claim, what it rests on, and how sure its author is. */
export const Learning = z
  .strictObject({
    claim: text(2_000),
    evidence: text(4_000).optional(),
    confidence: z.enum(CONFIDENCES).optional(),
  })
  .meta({
    id: 'Learning',
    example: {
      claim: 'Openings with a number hold readers longer',
      evidence: 'click-through rate 4.1 % against 2.6 % of the last eight pieces',
      confidence: 'medium',
    },
  });
export type Learning = z.infer<typeof Learning>;

/** As a sign-off brings them: a list, or one text. */
export const GivenLearnings = z.union([text(10_000), z.array(Learning).min(1).max(20)]);
export type GivenLearnings = z.infer<typeof GivenLearnings>;

/** A text is one claim, with nothing said of what it rests on. */
export function learningsOf(given: GivenLearnings): Learning[] {
  return typeof given === 'string' ? [{ claim: given }] : given;
}

/** A line for each, as the thread and a brief show them. */
export function learningsText(given: GivenLearnings): string {
  if (typeof given === 'string') return given;
  return given.map((one) => `- ${learningLine(one)}`).join('\n');
}

export function learningLine({ claim, evidence, confidence }: Learning): string {
  const rest = [
    ...(evidence === undefined ? [] : [`evidence: ${evidence}`]),
    ...(confidence === undefined ? [] : [`confidence: ${confidence}`]),
  ];
  return rest.length === 0 ? claim : `${claim} (${rest.join('; ')})`;
}
