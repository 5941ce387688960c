const MAX_QUOTED = 300;
/** Shorter texts say nothing, and would cut words out of every message. */
const SHORTEST_SECRET = 4;

/**
 * The source's own words, cut, and without anything of the secret that was sent to it: as it was sent, as an
 * address has it, or in other letters, as the client has a header.
 */
export function quoted(name: string, message: string, secret: unknown): string {
  let safe = message;
  for (const text of textsOf(secret)) {
    for (const form of [text, encodeURIComponent(text.toWellFormed())]) {
      safe = safe.replaceAll(new RegExp(literally(form), 'gi'), '[secret]');
    }
  }
  return `${name}: ${safe}`.slice(0, MAX_QUOTED).toWellFormed();
}

/** As a pattern that means nothing but the text itself. */
function literally(text: string): string {
  return text.replaceAll(/[$()*+./?[\\\]^{|}-]/g, '\\$&');
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.length < SHORTEST_SECRET ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}
