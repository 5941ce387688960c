import { hashOf } from '../../canonical.ts';
import { isBlank } from '../../channel/text-counting.ts';
import { validateVariant } from '../../channel/variant-limits.ts';
import type { AssetFacts } from '../../channel/variant-violation.ts';
import { expectedLink, type LinkGround, withAddress } from '../../links/outgoing-link.ts';
import type { BriefDigest, DraftDigest } from '../context.ts';
import { clipMessages, MAX_VIOLATIONS } from '../size.ts';
import { BRIEF_FACTS, type Brief, missingBriefFields } from './brief.ts';
import { assetKindsOf, type Draft, type MachineCheck } from './draft.ts';

/** What the run knows of a brief; the text itself stays out of the engine's history. */
export function digestBrief(brief: Brief, version: number): BriefDigest {
  return {
    version,
    hash: hashOf(brief),
    missing: missingBriefFields(brief),
    formats: brief.formats ?? [],
    channels: brief.channels ?? [],
    facts: BRIEF_FACTS.filter((fact) => brief.facts?.[fact] === true),
    targetCount: brief.kpiTargets?.length ?? 0,
    targetsHash: hashOf(frozenTargets(brief)),
    embargoUntil: brief.embargoUntil ?? null,
  };
}

/** What is frozen with the brief: a brief without guardrails hashes as one of before they were. */
function frozenTargets({ kpiTargets = [], guardrails = [] }: Brief): unknown {
  return guardrails.length === 0 ? kpiTargets : { kpiTargets, guardrails };
}

/** Stored files by hash: bytes and media type. */
export type AssetFiles = ReadonlyMap<string, { size: number; mediaType: string }>;

/**
 * What the run knows of a draft.
 * @param files the draft's assets by hash, as the asset store knows them.
 * @param facts facts of the brief that the machine checks of the draft depend on.
 * @param links what its links are sent with; as they are written without it.
 */
export function digestDraft(
  draft: Draft,
  version: number,
  {
    files,
    facts,
    links,
  }: { files: AssetFiles; facts: readonly string[]; links?: LinkGround | undefined },
): DraftDigest {
  return {
    version,
    hash: hashOf(draft),
    assetKinds: assetKindsOf(draft),
    variants: Object.fromEntries(
      draft.variants.map((variant) => [variant.channel, hashOf(variant)]),
    ),
    violations: clipMessages(
      draftViolations(draft, files, links).map(({ message }) => message),
      MAX_VIOLATIONS,
    ),
    failedChecks: failedChecks(draft, facts),
  };
}

/** What its channels' limits, as they are in this program, forbid in a draft. */
export function draftViolations(
  draft: Draft,
  files: AssetFiles,
  links?: LinkGround,
): { channel: string; message: string }[] {
  const assets: AssetFacts[] = draft.assets.map(({ hash, kind, altText }) => ({
    hash,
    kind,
    altText,
    size: files.get(hash)?.size,
    mediaType: files.get(hash)?.mediaType,
  }));
  return draft.variants.flatMap((variant) => {
    const { channel, link } = variant;
    const sent = link && links ? expectedLink(links, { channel, link }) : null;
    return validateVariant(withAddress(variant, sent), assets).map(({ path, message }) => ({
      channel,
      message: `${channel} ${path}: ${message}`,
    }));
  });
}

const FILLER = /\b(lorem ipsum|tbd|tk tk|xxx+)\b/i;
const PLACEHOLDER = /\[(insert|image|link|todo)/i;
const DISCLOSURE =
  /#(ad|sponsored|pub|publicit[eé]|partenariat)\b|\b(sponsored|paid partnership|in partnership with|en partenariat avec|sponsoris[eé]e?)\b/i;

/** Codes of the review checklist's machine checks that this draft fails. */
export function failedChecks(draft: Draft, facts: readonly string[]): string[] {
  const texts = [draft.title, draft.body, ...draft.variants.flatMap(textsOf)];
  const checks: Record<MachineCheck, boolean> = {
    alt_text: draft.assets.every(
      ({ kind, altText }) => kind !== 'visual' || !isBlank(altText ?? ''),
    ),
    no_blank_text: !texts.some(hasFiller),
    disclosure:
      !facts.includes('sponsored') ||
      draft.variants.every((variant) => textsOf(variant).some((text) => DISCLOSURE.test(text))),
    consent: draft.contributors.every(({ consent }) => consent),
  };
  return Object.entries(checks).flatMap(([code, met]) => (met ? [] : [code]));
}

/** In time that grows with the text: the first placeholder is closed if any is. */
function hasFiller(text: string): boolean {
  const opened = text.search(PLACEHOLDER);
  return FILLER.test(text) || (opened !== -1 && text.includes(']', opened));
}

function textsOf(variant: Draft['variants'][number]): string[] {
  return [variant.text, ...(variant.thread ?? [])];
}
