import tlds from 'tlds' with { type: 'json' };
import { LATIN_ACCENTS, type LinkGrammar, MAY_PRECEDE } from './link-grammar.ts';

/** A link, or a bare host that may be one, by its UTF-16 positions. */
export interface LinkMatch {
  /** Where its scheme begins, or its host if it has none. */
  start: number;
  end: number;
  hostStart: number;
  hostEnd: number;
  hasScheme: boolean;
  hasPath: boolean;
}

const TOP_LEVEL = new Set(tlds);
const LONGEST_TOP_LEVEL = Math.max(...tlds.map((name) => name.length));
/** What goes on with one of these is no top-level domain but a longer word. */
const WORD = /[0-9a-z@+-]*/iy;
const WORD_CHARACTER = /[0-9a-z@+-]/i;
const LONGEST_SCHEME = 'gopher://'.length;

/**
 * The links of a text in their order: what the expression `extractUrl` of twitter-text finds, but read once.
 * That expression tries every start anew, which takes the square of a hostile text's length.
 */
export function* scanLinks(text: string, grammar: LinkGrammar): Generator<LinkMatch> {
  const { hostRun } = grammar;
  let used = 0;
  for (let at = 0; at < text.length; ) {
    hostRun.lastIndex = at;
    const run = hostRun.exec(text);
    if (run === null) return;
    const runEnd = run.index + run[0].length;
    at = run.index;
    const labels = run[0].includes('.') ? readLabels(text, run[0], at, grammar) : [];
    for (let index = 0; at < runEnd && index < labels.length; ) {
      const label = labels[index];
      if (label === undefined || at >= label.end) {
        index += 1;
        at = Math.max(at, labels[index]?.start ?? runEnd);
        continue;
      }
      const place = { label, next: labels[index + 1], runStart: run.index, used };
      // The first character of a text may stand before a link, or begin it.
      const found =
        (at === 0 ? linkAt(text, { ...place, start: 1 }, grammar) : null) ??
        linkAt(text, { ...place, start: at }, grammar);
      if (found === null) {
        at += 1;
        continue;
      }
      yield found;
      used = found.end;
      at = found.end;
    }
    at = Math.max(at, runEnd);
  }
}

interface Label {
  start: number;
  end: number;
  /** A dot follows a character that may end a label. */
  endsWell: boolean;
  lastUnderscore: number;
  /** Where a top-level domain at its beginning ends; null without one. */
  topEnd: number | null;
  /** Where the longest host ends whose first label is this one, whole; null if there is none. */
  hostEnd: number | null;
}

/** Every label of a run of host characters, which begins in its text at `offset`. */
function readLabels(text: string, run: string, offset: number, grammar: LinkGrammar): Label[] {
  const labels: Label[] = [];
  let start = offset;
  for (const part of run.split('.')) {
    const end = start + part.length;
    labels.push({
      start,
      end,
      endsWell: end < offset + run.length && grammar.labelEdge.test(part.slice(-1)),
      lastUnderscore: part.includes('_') ? start + part.lastIndexOf('_') : -1,
      topEnd: start === offset ? null : topLevelEnd(text, { start, end }, grammar),
      hostEnd: null,
    });
    start = end + 1;
  }
  let next: Label | undefined;
  for (const label of labels.toReversed()) {
    if (grammar.labelEdge.test(text.charAt(label.start))) {
      label.hostEnd = hostEndFrom(label, label.start, next);
    }
    next = label;
  }
  return labels;
}

/** A host goes on as long as it can; the label before its top-level domain has no underscore. */
function hostEndFrom(label: Label, start: number, next: Label | undefined): number | null {
  if (next === undefined || !label.endsWell) return null;
  return next.hostEnd ?? (label.lastUnderscore < start ? next.topEnd : null);
}

function topLevelEnd(
  text: string,
  { start, end }: { start: number; end: number },
  { punycode }: LinkGrammar,
): number | null {
  WORD.lastIndex = start;
  const shortest = WORD.exec(text)?.[0].length ?? 0;
  const longest = Math.min(end - start, LONGEST_TOP_LEVEL);
  for (let length = longest; length >= Math.max(shortest, 1); length -= 1) {
    if (WORD_CHARACTER.test(text.charAt(start + length))) continue;
    if (TOP_LEVEL.has(text.slice(start, start + length).toLowerCase())) return start + length;
  }
  punycode.lastIndex = start;
  const found = punycode.exec(text);
  return found === null ? null : start + found[0].length;
}

interface Place {
  start: number;
  label: Label;
  next: Label | undefined;
  runStart: number;
  /** Where the link before ends: its characters stand before no other. */
  used: number;
}

function linkAt(text: string, place: Place, grammar: LinkGrammar): LinkMatch | null {
  const { start, label, next, runStart, used } = place;
  if (start >= label.end || !grammar.labelEdge.test(text.charAt(start))) return null;
  const hostEnd = hostEndFrom(label, start, next);
  if (hostEnd === null) return null;
  const scheme = start === runStart ? schemeBefore(text, start, grammar) : 0;
  const hasScheme = scheme > 0 && mayBegin(text, start - scheme, used);
  if (!hasScheme && !mayBegin(text, start, used)) return null;
  const pathStart = portEnd(text, hostEnd);
  const hasPath = text[pathStart] === '/';
  const pathEnd = hasPath ? pathEndFrom(text, pathStart + 1, grammar) : pathStart;
  return {
    start: hasScheme ? start - scheme : start,
    end: queryEndFrom(text, pathEnd, grammar),
    hostStart: start,
    hostEnd,
    hasScheme,
    hasPath,
  };
}

function schemeBefore(text: string, end: number, { scheme }: LinkGrammar): number {
  return scheme.exec(text.slice(Math.max(0, end - LONGEST_SCHEME), end))?.[0].length ?? 0;
}

function mayBegin(text: string, start: number, used: number): boolean {
  return start === 0 || (start > used && MAY_PRECEDE.test(text.charAt(start - 1)));
}

const PORT = /:[0-9]+/y;

function portEnd(text: string, at: number): number {
  PORT.lastIndex = at;
  return at + (PORT.exec(text)?.[0].length ?? 0);
}

/** A path is as long as it may be up to a character that may end it, or to a closed pair of parentheses. */
function pathEndFrom(text: string, start: number, grammar: LinkGrammar): number {
  let end = start;
  for (let at = start; ; ) {
    const next = runEndFrom(text, at, grammar.pathRun);
    end = lastOf(text, { from: at, to: next }, grammar.pathEnd) ?? end;
    const closed = parensEnd(text, next, grammar.pathRun);
    if (closed === null) return end;
    const mayEnd =
      grammar.lastParens === 'behind_an_end'
        ? end === next
        : parensEnd(text, next, grammar.lastParens) !== null;
    if (mayEnd) end = closed;
    at = closed;
  }
}

/** Where parentheses with content end, with at most one pair within; null for others. */
function parensEnd(text: string, start: number, run: RegExp): number | null {
  if (text[start] !== '(') return null;
  const first = runEndFrom(text, start + 1, run);
  if (text[first] === ')') return first > start + 1 ? first + 1 : null;
  if (text[first] !== '(') return null;
  const second = runEndFrom(text, first + 1, run);
  if (text[second] !== ')' || second === first + 1) return null;
  const third = runEndFrom(text, second + 1, run);
  return text[third] === ')' ? third + 1 : null;
}

function queryEndFrom(text: string, start: number, grammar: LinkGrammar): number {
  if (text[start] !== '?') return start;
  const to = runEndFrom(text, start + 1, grammar.queryRun);
  return lastOf(text, { from: start + 1, to }, grammar.queryEnd) ?? start;
}

function runEndFrom(text: string, start: number, run: RegExp): number {
  run.lastIndex = start;
  return start + (run.exec(text)?.[0].length ?? 0);
}

/** After the last code point between two places that an expression takes. */
function lastOf(
  text: string,
  { from, to }: { from: number; to: number },
  expression: RegExp,
): number | null {
  for (let end = to; end > from; ) {
    const isPair = end - 2 >= from && (text.codePointAt(end - 2) ?? 0) > 0xffff;
    const start = end - (isPair ? 2 : 1);
    if (expression.test(text.slice(start, end))) return end;
    end = start;
  }
  return null;
}

const ASCII_RUN = new RegExp(`[-a-z0-9.${LATIN_ACCENTS}]+`, 'gi');

/** The parts of a host that X links where no scheme stands before it (`validAsciiDomain`). */
export function asciiHosts(host: string, grammar: LinkGrammar): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  let at = 0;
  for (;;) {
    ASCII_RUN.lastIndex = at;
    const run = ASCII_RUN.exec(host);
    if (run === null) return found;
    let from: number | null = null;
    let end: number | null = null;
    let start = run.index;
    for (const part of run[0].split('.')) {
      if (from !== null) end = topLevelEnd(host, labelOf(host, start), grammar) ?? end;
      if (part === '' && start < run.index + run[0].length) {
        if (from !== null && end !== null) found.push({ start: from, end });
        from = null;
        end = null;
      } else from ??= start;
      start += part.length + 1;
    }
    if (from !== null && end !== null) found.push({ start: from, end });
    at = Math.max(run.index + run[0].length, found.at(-1)?.end ?? 0);
  }
}

function labelOf(host: string, start: number): { start: number; end: number } {
  const dot = host.indexOf('.', start);
  return { start, end: dot === -1 ? host.length : dot };
}
