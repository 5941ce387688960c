import { z } from '@hono/zod-openapi';
import type { LearningRow } from '../../db/item/learnings.ts';
import { ASSET_KINDS } from '../../domain/asset-kinds.ts';
import { CONFIDENCES } from '../../domain/kpi/learning.ts';
import { InstantText } from '../route-parts.ts';

export const LibraryLearning = z
  .object({
    id: z.string().meta({ example: 'lrn_01KAMJ5SQ0' }),
    claim: z.string(),
    evidence: z.string().optional(),
    confidence: z.enum(CONFIDENCES).optional(),
    itemId: z.string().describe('the item that taught it'),
    itemTitle: z.string(),
    reviewId: z.string(),
    authorId: z.string().describe('id of the member who signed'),
    pillar: z.string().optional(),
    audience: z.string().optional(),
    formats: z.array(z.enum(ASSET_KINDS)),
    createdAt: InstantText,
  })
  .meta({ id: 'LibraryLearning' });
export type LibraryLearning = z.infer<typeof LibraryLearning>;

export function learningView(row: LearningRow): LibraryLearning {
  const { id, claim, evidence, confidence, itemId, itemTitle, reviewId, authorId } = row;
  const { pillar, audience, formats, createdAt } = row;
  return {
    id,
    claim,
    ...(evidence !== null && { evidence }),
    ...(confidence !== null && { confidence }),
    itemId,
    itemTitle,
    reviewId,
    authorId,
    ...(pillar !== null && { pillar }),
    ...(audience !== null && { audience }),
    formats,
    createdAt,
  };
}
