import { AppBskyRichtextFacet, RichText } from '@atproto/api';

type Facet = AppBskyRichtextFacet.Main;

/** No record has a longer text; each facet that is found costs the text's length. */
const MAX_TEXT_BYTES = 3_000;
/** app.bsky.richtext.facet#tag */
const MAX_TAG_BYTES = 640;

/**
 * Links, hashtags and mentions as Bluesky's own library finds them, a mention by its handle. A link ends where a
 * reader sees it end: the library leaves all but one of the signs behind it in its address, and an emoji too.
 */
export function facetsIn(text: string): Facet[] {
  const rich = new RichText({ text });
  if (rich.unicodeText.length > MAX_TEXT_BYTES) return [];
  rich.detectFacetsWithoutResolution();
  return (rich.facets ?? []).flatMap((facet) => {
    const [feature] = facet.features;
    if (AppBskyRichtextFacet.isTag(feature)) {
      return Buffer.byteLength(feature.tag) > MAX_TAG_BYTES ? [] : [facet];
    }
    return AppBskyRichtextFacet.isLink(feature) ? linkIn(rich, facet) : [facet];
  });
}

/** None where nothing is left that could be followed. */
function linkIn({ unicodeText }: RichText, { index, features }: Facet): Facet[] {
  const shown = linkEnd(unicodeText.slice(index.byteStart, index.byteEnd));
  const uri = SCHEME.test(shown) ? shown : `https://${shown}`;
  if (!URL.canParse(uri)) return [];
  const byteEnd = index.byteStart + Buffer.byteLength(shown);
  return [{ index: { ...index, byteEnd }, features: features.map((one) => ({ ...one, uri })) }];
}

const SCHEME = /^https?:\/\//;
const AUTHORITY = /^(?:https?:\/\/)?[^/?#]*/;
/** What no top-level domain is made of, in the last label of a host. */
const BEHIND_HOST = /(?<=\.)[\p{L}\p{M}\p{N}-]+(?=[^\p{L}\p{M}\p{N}.:-][^.]*$)/u;
const CLOSED_BY: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{', '）': '（' };
const MAY_NOT_END = /[.,;:!?…‥。．、，；：！？।،؛؟"'“”„’‘‚«»‹›「」『』【】〈〉《》（）()[\]{}<>]/u;

function linkEnd(found: string): string {
  const host = AUTHORITY.exec(found)?.[0] ?? '';
  const name = BEHIND_HOST.exec(host);
  let link = name === null ? found : found.slice(0, name.index + name[0].length);
  for (;;) {
    const last = link.slice(-1);
    if (!MAY_NOT_END.test(last) || isClosing(link, last)) return link;
    link = link.slice(0, -1);
  }
}

/** Whether the last sign of a link closes a pair that was opened in it. */
function isClosing(link: string, last: string): boolean {
  const opening = CLOSED_BY[last];
  return opening !== undefined && link.split(last).length <= link.split(opening).length;
}
