import type { AssetKind } from '../asset-kinds.ts';
import type { ChannelLimits } from './channels.ts';
import { countGraphemes } from './text-counting.ts';
import type { AssetFacts, VariantContent, VariantViolation } from './variant-violation.ts';

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
      violations.push({
        path: `assets.${index}`,
        code: 'asset_unknown',
        message: `The draft has no asset ${hash}.`,
      });
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
  limits: ChannelLimits,
): VariantViolation[] {
  const violations: VariantViolation[] = [];
  const path = 'assets';
  if (count < limits.media.min) {
    violations.push({
      path,
      code: 'media_missing',
      message: `${limits.name} needs at least ${limits.media.min} asset; the variant has ${count}.`,
    });
  }
  if (count > limits.media.max) {
    violations.push({
      path,
      code: 'media_too_many',
      message: `${limits.name} takes ${limits.media.max} assets; the variant has ${count}.`,
    });
  }
  for (const [kind, have] of kinds) {
    const max = limits.media.kinds[kind]?.max;
    if (max !== undefined && have > max && count <= limits.media.max) {
      violations.push({
        path,
        code: 'media_too_many',
        message: `${limits.name} takes ${max} of kind ${kind}; the variant has ${have}.`,
      });
    }
  }
  if (!limits.media.mixed && kinds.size > 1) {
    violations.push({
      path,
      code: 'media_kinds_mixed',
      message: `${limits.name} takes one kind of asset per post; the variant has ${[...kinds.keys()].join(' and ')}.`,
    });
  }
  return violations;
}

function assetViolations(
  path: string,
  asset: AssetFacts,
  limits: ChannelLimits,
): VariantViolation[] {
  const kindLimit = limits.media.kinds[asset.kind];
  if (!kindLimit) {
    return [
      {
        path,
        code: 'media_kind_not_allowed',
        message: `${limits.name} takes no asset of kind ${asset.kind}.`,
      },
    ];
  }
  const violations: VariantViolation[] = [];
  if (asset.size !== undefined && kindLimit.maxBytes !== null && asset.size > kindLimit.maxBytes) {
    violations.push({
      path,
      code: 'media_too_large',
      message: `${limits.name} takes ${kindLimit.maxBytes} bytes for kind ${asset.kind}; the file has ${asset.size}.`,
    });
  }
  const { mediaTypes } = kindLimit;
  if (asset.mediaType !== undefined && mediaTypes?.includes(asset.mediaType) === false) {
    violations.push({
      path,
      code: 'media_type_not_allowed',
      message: `${limits.name} takes ${mediaTypes.join(', ')} for kind ${asset.kind}; the file is ${asset.mediaType}.`,
    });
  }
  if (asset.kind !== 'visual') return violations;
  const altText = asset.altText?.trim() ?? '';
  if (altText === '' && limits.altText.required) {
    violations.push({
      path,
      code: 'alt_text_missing',
      message: `${limits.name} needs an alternative text for every visual.`,
    });
  }
  if (limits.altText.max !== null && countGraphemes(altText) > limits.altText.max) {
    violations.push({
      path,
      code: 'alt_text_too_long',
      message: `${limits.name} takes ${limits.altText.max} characters of alternative text; it has ${countGraphemes(altText)}.`,
    });
  }
  return violations;
}
