/** Keys whose values are texts for readers: what a client sends and receives does not depend on them. */
const TEXT_KEYS = new Set(['description', 'summary', 'title', 'example', 'examples']);

/**
 * What differs between two API documents besides their texts, a line for each place:
 * `+` only in the second, `-` only in the first, `~` another value.
 */
export function compareDocuments(before: unknown, after: unknown, path = ''): string[] {
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].sort().flatMap((key) => {
      const [one, other] = [before[key], after[key]];
      if (isText(key, one) && isText(key, other)) return [];
      return compareDocuments(one, other, `${path}/${key.replaceAll('/', '~1')}`);
    });
  }
  if (before === after) return [];
  if (before === undefined) return [`+ ${path}: ${shorten(after)}`];
  if (after === undefined) return [`- ${path}: ${shorten(before)}`];
  return [`~ ${path}: ${shorten(before)} -> ${shorten(after)}`];
}

/** A property that is called `title` has a schema, not a text: `{ properties: { title: {…} } }`. */
function isText(key: string, value: unknown): boolean {
  if (!TEXT_KEYS.has(key)) return false;
  return value === undefined || key.startsWith('example') || typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
