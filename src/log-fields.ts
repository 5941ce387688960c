/** What a field is called that holds a secret, or what somebody wrote. */
const REMOVED =
  /^(?:authorization|cookie|set-cookie|secrets?|(?:api)?key|tokens?|password|credentials|database_?url|body|raw_?body|payload|texts?|title|comment|answer|note|params|parameters|query|detail|hint|where|message|stack)$/i;
const CENSOR = '[removed]';
const DEEPEST = 4;
const MOST_FRAMES = 20;

/** Fields as they may be written: secrets and texts go by their name, errors keep kind, code and place. */
export function loggable(fields: Record<string, unknown>): Record<string, unknown> {
  return cleanObject(fields, 0);
}

function cleanObject(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      REMOVED.test(name) && !isFrames(name, value) ? CENSOR : clean(value, depth + 1),
    ]),
  );
}

function clean(value: unknown, depth: number): unknown {
  if (value instanceof Error) return described(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return CENSOR;
  return Array.isArray(value)
    ? value.map((one) => clean(one, depth + 1))
    : cleanObject(value, depth);
}

/** A message may quote a parameter of a query, or the answer of a network. */
function described(error: Error): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    frames: framesOf(error),
    ...(error.cause instanceof Error && { cause: error.cause.name }),
  };
}

function framesOf({ stack = '' }: Error): string[] {
  const lines = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return lines.slice(0, MOST_FRAMES).map((line) => line.trim());
}

/** Frames that somebody has already taken out of an error. */
function isFrames(name: string, value: unknown): boolean {
  return name === 'stack' && Array.isArray(value);
}
