import { z } from 'zod';
import { Brief } from '../content/brief.ts';
import { Draft } from '../content/draft.ts';
import type { BriefDigest, DraftDigest } from '../context.ts';
import { conditions } from './body-parts.ts';
import type { Facts } from './facts.ts';

/** The brief and the draft. */
export interface ContentPayloads {
  save_brief: { refs: { brief: BriefDigest }; facts: Facts };
  save_draft: {
    refs: { draft: DraftDigest };
    /** `writtenBy`: who sent this very text before, refused or not. */
    facts: Facts & { writtenBy?: string[] };
  };
}

export const CONTENT_BODIES = {
  save_brief: z.strictObject({ brief: Brief, ...conditions }),
  save_draft: z.strictObject({ draft: Draft, ...conditions }),
} as const satisfies Record<keyof ContentPayloads, z.ZodType>;
