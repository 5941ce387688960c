/**
 * What two networks take for a link, as tables of characters. Both use the expressions of twitter-text 3.1.0:
 * X its JavaScript (js/src/regexp), Mastodon its Ruby (rb/lib/twitter-text/regex.rb) with changes of its own
 * (config/initializers/twitter_regex.rb). The names of its expressions are those of twitter-text, too.
 */
export interface LinkGrammar {
  /** A run of characters of host names with the dots, hyphens and underscores between them. */
  hostRun: RegExp;
  /** A character of a host's label that may also begin and end it. */
  labelEdge: RegExp;
  /** The scheme that ends where it is looked from, with its `://`. */
  scheme: RegExp;
  /** `validPunycode`: a top-level domain in its ASCII form. */
  punycode: RegExp;
  /** `validGeneralUrlPathChars`, any number of them. */
  pathRun: RegExp;
  /** Which closed parentheses may end a path: those with such a content, or where a path may end before them. */
  lastParens: RegExp | 'behind_an_end';
  /** `validUrlPathEndingChars` */
  pathEnd: RegExp;
  /** `validUrlQueryChars`, any number of them. */
  queryRun: RegExp;
  /** `validUrlQueryEndingChars` */
  queryEnd: RegExp;
}

const DIRECTIONAL = String.raw`\u202A-\u202E\u061C\u200E\u200F\u2066-\u2069`;
const SPACES = String.raw`\x09-\x0D\x20\x85\xA0\u1680\u180E\u2000-\u200A\u2028\u2029\u202F\u205F\u3000`;
/** Characters that no text of X may hold. */
export const X_REFUSED = String.raw`\uFFFE\uFEFF\uFFFF`;
/** `latinAccentChars` */
export const LATIN_ACCENTS = String.raw`\xC0-\xD6\xD8-\xF6\xF8-\xFF\u0100-\u024F\u0253\u0254\u0256\u0257\u0259\u025B\u0263\u0268\u026F\u0272\u0289\u028B\u02BB\u0300-\u036F\u1E00-\u1EFF`;

const PUNCTUATION_X = String.raw`!'#%&()*+,\\\-./:;<=>?@[\]^_{|}~$`;
const PUNCTUATION_RUBY = String.raw`!"#$%&'()*+,\-./:;<=>?@[\]^_\x60{|}~\x00-\x1F\x7F`;

/** `validUrlPrecedingChars`, of both: what may stand before a link. */
export const MAY_PRECEDE = new RegExp(`[^A-Za-z0-9@＠$#＃${X_REFUSED}]|[${DIRECTIONAL}]`);

function hostOf(punctuation: string): Pick<LinkGrammar, 'hostRun' | 'labelEdge'> {
  const edge = `[^${punctuation}${SPACES}${X_REFUSED}${DIRECTIONAL}]`;
  return { hostRun: new RegExp(`(?:${edge}|[-_.])+`, 'g'), labelEdge: new RegExp(edge) };
}

const LATIN_PATH = String.raw`a-z\u0400-\u04FF0-9${LATIN_ACCENTS}`;

export const X_LINKS: LinkGrammar = {
  ...hostOf(PUNCTUATION_X),
  scheme: /https?:\/\/$/i,
  punycode: /xn--[-0-9a-z]+/iy,
  pathRun: new RegExp(`[${LATIN_PATH}!*';:=+,.$/%#[\\]\\-\\u2013_~@|&]*`, 'iy'),
  lastParens: 'behind_an_end',
  pathEnd: new RegExp(`[${LATIN_PATH}+\\-=_#/]`, 'i'),
  queryRun: /[a-z0-9!?*'@();:&=+$/%#[\]\-_.,~|]*/iy,
  queryEnd: /[a-z0-9\-_&=#/]/i,
};

/** `UCHARS`: every code point that an IRI may hold. */
const UCHARS = String.raw`\u{A0}-\u{D7FF}\u{E000}-\u{FDCF}\u{FDF0}-\u{FFEF}\u{10000}-\u{1FFFD}\u{20000}-\u{2FFFD}\u{30000}-\u{3FFFD}\u{40000}-\u{4FFFD}\u{50000}-\u{5FFFD}\u{60000}-\u{6FFFD}\u{70000}-\u{7FFFD}\u{80000}-\u{8FFFD}\u{90000}-\u{9FFFD}\u{A0000}-\u{AFFFD}\u{B0000}-\u{BFFFD}\u{C0000}-\u{CFFFD}\u{D0000}-\u{DFFFD}\u{E1000}-\u{EFFFD}\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD}`;

export const MASTODON_LINKS: LinkGrammar = {
  ...hostOf(PUNCTUATION_RUBY),
  scheme: /(?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini):\/\/$/i,
  punycode: /xn--[0-9a-z]+/iy,
  pathRun: /[^\p{White_Space}<>()?]*/uy,
  // Its own table of endings is written before its own parentheses, and so has those of the library.
  lastParens: new RegExp(
    String.raw`[a-z\p{Script=Cyrillic}0-9!*';:=+,.$/%#[\]\p{Pd}_~&|@${LATIN_ACCENTS}]*`,
    'iuy',
  ),
  pathEnd: /[^\p{White_Space}()?!*"'「」<>;:=,.$%[\]~&|@]/u,
  queryRun: new RegExp(String.raw`[a-z0-9!?*'();:&=+$/%#[\]\-_.,~|@^${UCHARS}]*`, 'iuy'),
  queryEnd: new RegExp(String.raw`[a-z0-9_&=#/\-${UCHARS}]`, 'iu'),
};
