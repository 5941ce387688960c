import type { AssetKind } from '../asset-kinds.ts';
import type { ChannelLimits } from './channels.ts';
import { isBlank } from './text-counting.ts';
import {
  type AssetFacts,
  type VariantContent,
  type VariantViolation,
  violationsOf,
} from './variant-violation.ts';

/** What the files of a variant break. */
export function mediaViolations(
  variant: VariantContent,
  assets: readonly AssetFacts[],
  limits: ChannelLimits,
): VariantViolation[] {
  const hashes = variant.assets ?? [];
  const violations: VariantViolation[] = [];
  const kinds = new Map<AssetKind, number>();
  for (const [index, hash] of hashes.entries()) {
    const asset = assets.find((known) => known.hash === hash);
    if (!asset) {
      const message = `The draft has no asset ${hash}.`;
      violations.push({ path: `assets.${index}`, code: 'asset_unknown', message });
      continue;
    }
    kinds.set(asset.kind, (kinds.get(asset.kind) ?? 0) + 1);
    violations.push(...assetViolations(`assets.${index}`, asset, limits));
  }
  return [...countViolations(hashes.length, kinds, limits), ...violations];
}

function countViolations(
  count: number,
  kinds: ReadonlyMap<AssetKind, number>,
  { name, media }: ChannelLimits,
): VariantViolation[] {
  return violationsOf('assets', [
    [
      count < media.min,
      'media_missing',
      `${name} needs at least ${media.min} asset; the variant has ${count}.`,
    ],
    [
      count > media.max,
      'media_too_many',
      `${name} takes ${media.max} assets; the variant has ${count}.`,
    ],
    ...[...kinds].map(([kind, have]) => {
      const max = media.kinds[kind]?.max ?? have;
      return [
        have > max && count <= media.max,
        'media_too_many',
        `${name} takes ${max} of kind ${kind}; the variant has ${have}.`,
      ] as const;
    }),
    [
      !media.mixed && kinds.size > 1,
      'media_kinds_mixed',
      `${name} takes one kind of asset per post; the variant has ${[...kinds.keys()].join(' and ')}.`,
    ],
  ]);
}

function assetViolations(
  path: string,
  { kind, size = 0, mediaType, altText = '' }: AssetFacts,
  { name, media, altText: altLimit }: ChannelLimits,
): VariantViolation[] {
  const limit = media.kinds[kind];
  if (!limit) {
    const message = `${name} takes no asset of kind ${kind}.`;
    return [{ path, code: 'media_kind_not_allowed', message }];
  }
  const { maxBytes, mediaTypes } = limit;
  const { max, counting, kinds, required } = altLimit;
  const length = counting === 'code_points' ? [...altText].length : altText.length;
  return violationsOf(path, [
    [
      maxBytes !== null && size > maxBytes,
      'media_too_large',
      `${name} takes ${maxBytes} bytes for kind ${kind}; the file has ${size}.`,
    ],
    [
      mediaType !== undefined && mediaTypes?.includes(mediaType) === false,
      'media_type_not_allowed',
      `${name} takes ${mediaTypes?.join(', ')} for kind ${kind}; the file is ${mediaType}.`,
    ],
    [
      kind === 'visual' && required && isBlank(altText),
      'alt_text_missing',
      `${name} needs an alternative text for every visual.`,
    ],
    [
      kinds.includes(kind) && max !== null && length > max,
      'alt_text_too_long',
      `${name} takes ${max} characters of alternative text; it has ${length}.`,
    ],
  ]);
}
