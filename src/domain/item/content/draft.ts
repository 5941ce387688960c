import { z } from 'zod';
import { ASSET_KINDS } from '../../asset-kinds.ts';
import { ChannelId } from '../../channel/channels.ts';
import { LanguageTag } from '../../language-tag.ts';

export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'is a lower-case hex SHA-256')
  .max(64)
  .meta({ id: 'Sha256' });

/** What Baton itself checks of a draft that is handed in. */
export const MACHINE_CHECKS = ['alt_text', 'no_blank_text', 'disclosure', 'consent'] as const;
export type MachineCheck = (typeof MACHINE_CHECKS)[number];

export const DraftAsset = z
  .strictObject({
    hash: Sha256,
    kind: z.enum(ASSET_KINDS),
    altText: z.string().max(2_000).optional(),
    rights: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .describe('who holds the rights and under which licence'),
  })
  .meta({ id: 'DraftAsset' });
export type DraftAsset = z.infer<typeof DraftAsset>;

export const Variant = z
  .strictObject({
    channel: ChannelId,
    text: z
      .string()
      .min(1)
      .max(100_000)
      .describe('sent verbatim, but for its link where the playbook changes it'),
    assets: z.array(Sha256).max(35).optional(),
    link: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .optional(),
    thread: z.array(z.string().min(1).max(100_000)).max(50).optional(),
  })
  .meta({ id: 'Variant' });
export type Variant = z.infer<typeof Variant>;

/** A version of the content: body, assets and one variant per channel. */
export const Draft = z
  .strictObject({
    language: LanguageTag,
    title: z.string().trim().min(1).max(300),
    body: z.string().max(200_000).describe('Markdown'),
    assets: z.array(DraftAsset).max(50).default([]),
    variants: z.array(Variant).max(20).default([]),
    contributors: z
      .array(
        z.strictObject({
          name: z.string().trim().min(1).max(200),
          credit: z.string().trim().min(1).max(200),
          consent: z.boolean(),
        }),
      )
      .max(50)
      .default([]),
  })
  .superRefine((draft, context) => {
    const channels = new Set<string>();
    const assets = new Set(draft.assets.map((asset) => asset.hash));
    for (const [index, variant] of draft.variants.entries()) {
      if (channels.has(variant.channel)) {
        context.addIssue({
          code: 'custom',
          path: ['variants', index, 'channel'],
          message: `${variant.channel} has a variant already: one variant per channel`,
        });
      }
      channels.add(variant.channel);
      for (const [at, hash] of (variant.assets ?? []).entries()) {
        if (!assets.has(hash)) {
          context.addIssue({
            code: 'custom',
            path: ['variants', index, 'assets', at],
            message: 'is not among the assets of the draft',
          });
        }
      }
    }
  })
  .meta({ id: 'Draft' });
export type Draft = z.infer<typeof Draft>;

/** Kinds of content that a draft holds; a body that is not blank is `written`. */
export function assetKindsOf(draft: Draft): string[] {
  const kinds = new Set<string>(draft.assets.map((asset) => asset.kind));
  if (draft.body.trim() !== '') kinds.add('written');
  return [...kinds].sort();
}
