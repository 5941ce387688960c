/** Keys whose values are texts for readers: what a client sends and receives does not depend on them. */
const TEXT_KEYS = new Set(['description', 'summary', 'title', 'example', 'examples']);

/**
 * What differs between two API documents besides their texts, a line for each place:
 * `+` only in the second, `-` only in the first, `~` another value.
 */
export function compareDocuments(before: unknown, after: unknown, path = ''): string[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const [one, other] = [byName(before), byName(after)];
    if (one !== null && other !== null) return compareEntries(one, other, path);
  }
  if (isObject(before) && isObject(after)) {
    const isTextOfBoth = (key: string) => isText(key, before[key]) && isText(key, after[key]);
    return compareEntries(before, after, path, isTextOfBoth);
  }
  if (before === after) return [];
  if (before === undefined) return [`+ ${path}: ${shorten(after)}`];
  if (after === undefined) return [`- ${path}: ${shorten(before)}`];
  return [`~ ${path}: ${shorten(before)} -> ${shorten(after)}`];
}

function compareEntries(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  path: string,
  isLeftOut: (key: string) => boolean = () => false,
): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .filter((key) => !isLeftOut(key))
    .sort()
    .flatMap((key) =>
      compareDocuments(before[key], after[key], `${path}/${key.replaceAll('/', '~1')}`),
    );
}

/** A property that is called `title` has a schema, not a text: `{ properties: { title: {…} } }`. */
function isText(key: string, value: unknown): boolean {
  if (!TEXT_KEYS.has(key)) return false;
  return value === undefined || key.startsWith('example') || typeof value === 'string';
}

/**
 * Entries by what tells them apart, where their order says nothing: values of an enum, names of required
 * properties, parameters, tags, references. Null for any other list.
 */
function byName(list: readonly unknown[]): Record<string, unknown> | null {
  const named = list.map((entry): [string, unknown] | null => {
    if (!isObject(entry)) return [String(entry), entry];
    const { name, in: place, $ref } = entry;
    if (typeof name === 'string') return [place === undefined ? name : `${place} ${name}`, entry];
    return typeof $ref === 'string' ? [$ref, entry] : null;
  });
  const entries = named.filter((entry) => entry !== null);
  const byKey = Object.fromEntries(entries);
  return Object.keys(byKey).length === list.length ? byKey : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
