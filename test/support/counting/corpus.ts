/**
 * Texts as people write them, and as they should not: words of six scripts, links, mentions, hashtags and emoji, with
 * every end and neighbour that a counter may take for a part of them. The same seed makes the same texts.
 */
export const SCRIPTS = ['latin', 'cyrillic', 'arabic', 'devanagari', 'kana', 'hangul'] as const;
export type Script = (typeof SCRIPTS)[number];

const WORDS: Record<Script, readonly string[]> = {
  latin: [
    'Bonjour',
    'déjà',
    'Straße',
    'e\u0301te\u0301',
    'naïve',
    'ﬁn',
    'x',
    '2.0',
    'e.g.',
    'Node.js',
    'İstanbul',
    '€5',
    '…',
    '½',
  ],
  cyrillic: [
    'Привет',
    'мир',
    'ещё',
    'и\u0306од',
    'Київ',
    'хлеб.',
    'сайт.рф',
    '№5',
    '«да»',
    'ВЫСТАВКА',
    'т.е.',
  ],
  arabic: ['مرحبا', 'بِسْمِ', 'خبز', 'الرياض', 'لا', '٣٫٥', '،', '؟', 'ﷺ', '\u200fنعم\u200e', 'ـــ'],
  devanagari: [
    'नमस्ते',
    'क्षत्रिय',
    'हिन्दी',
    'रोटी।',
    'श्री',
    'क्\u200dष',
    'র্যাব',
    '१२३',
    'ज्ञान',
    'स्त्री',
    'कि',
  ],
  kana: [
    '今日は',
    'パンの',
    'が',
    'か\u3099',
    '天気。',
    '「新商品」',
    '、',
    '東京',
    'ﾊﾟﾝ',
    '𠮷野家',
    '！',
    '１２',
    '々',
    '～',
  ],
  hangul: [
    '안녕',
    '하세요',
    '\u1112\u1161\u11ab',
    '빵집',
    '한국.',
    '오늘은',
    '가\u11a8',
    'ㅋㅋ',
    '서울,',
  ],
};

const EMOJI = [
  '🎉',
  '👍🏽',
  '👨‍👩‍👧‍👦',
  '👩🏾‍🚀',
  '🇫🇷',
  '🇰🇷🇯🇵',
  '1️⃣',
  '#️⃣',
  '❤️',
  '☺',
  '©',
  '™',
  '🏳️‍🌈',
  '🏴󠁧󠁢󠁥󠁮󠁧󠁿',
  '✍🏿',
  '☕︎',
  '🤷🏻‍♀️',
  '😀😀',
  '🏴‍☠️',
  '🇦',
  '👨🏻',
  '⛹️‍♀️',
];

const SCHEMES = [
  'https://',
  'https://',
  'https://',
  'http://',
  'HTTPS://',
  '',
  '',
  'ftp://',
  '//',
  'ipfs://',
  'xhttps://',
  'https:/',
];
const HOSTS = [
  'example.com',
  'www.example.co.uk',
  'EXAMPLE.COM',
  'boulangerie.example.fr',
  'localhost',
  'intranet',
  '1.2.3.4',
  'münchen.de',
  'пример.рф',
  '日本語.jp',
  '例え.コム',
  '한국.kr',
  'مثال.com',
  'sub_domain.example.com',
  'my_site.com',
  'a-b.io',
  '-a.com',
  'a-.com',
  'example..com',
  'xn--e1afmkfd.xn--p1ai',
  'example.notatld',
  't.co',
  'youtu.be',
  'example.com.au',
  'user@example.com',
  'example.com_x',
  'a.b.c.d.org',
  '[::1]',
  'i.want.museum',
  'नमस्ते.भारत',
  `${'long'.repeat(16)}.com`,
  'xn--.com',
  'www.',
  '.com',
  'ab.c',
];
const PORTS = ['', '', '', '', ':8080', ':', ':80a'];
const PATHS = [
  '',
  '',
  '',
  '/',
  '/a',
  '/a/b-c.html',
  '/wiki/Pain_(film)',
  '/wiki/Pain_(a_(b))',
  '/wiki/パン_(食品)',
  '/@ana',
  '/a@b/',
  '/a(b',
  '/(a)',
  '/()',
  '/путь',
  '/경로',
  '/%E2%9C%93',
  '/a,b;c',
  '/a–b',
  '/🎉',
  '/a*!',
  '/abc123DEF',
  '/a/~x|y',
  '/a"b',
  '/a<b>',
  '/((a))((b))',
];
const QUERIES = [
  '',
  '',
  '',
  '',
  '?a=1&b=2',
  '?',
  '?q=été',
  '?q=a(b)',
  '?a#b',
  '#frag',
  '?utm=x.',
  '?q=日本',
  '?a=b?c=d',
  '?x=^',
];
const ENDS = [
  '',
  '',
  '',
  '.',
  '...',
  '…',
  '?!',
  '?',
  '!',
  ',',
  ';',
  ':',
  ')',
  '))',
  '）',
  '。',
  '、',
  '」',
  '"',
  "'",
  '»',
  '”',
  '🎉',
  '👨‍👩‍👧',
  '日本',
  'и',
  'é',
  'ة',
  '한',
  'क',
  '_',
  '-',
  '@a',
  '/',
  ']',
  '}',
  '>',
  '%',
  '*',
  '\u200b',
  '\u00a0',
  '\u200f',
  '\u202f!',
];
const MENTIONS = [
  '@ana',
  '@ana@mastodon.social',
  '@a.b_c@x.example',
  '@ana-b@x.org',
  '@noël@x.fr',
  'mail@example.com',
  '@ana@localhost',
  '@ана@пример.рф',
  '＠ana',
  '@ana@例え.jp',
  '@a@b@c',
  '/@ana@x.org',
  '=@ana@x.org',
  '@ana@x.org/',
  '@ana://x',
  '@ana.',
  '@ana@x..org',
  '@_@x.y',
  '.@ana@x.org',
  '@ana@مثال.com',
  '@@ana@x.org',
  '@ana@x.org@y',
  '@ana@x-.org',
  '日@ana@x.org',
];
const TAGS = ['#pain', '#été', '#パン', '#хлеб', '#1', '#_', '＃pain', '$ABC', '&amp;', 'a#b'];
const GAPS = [
  ' ',
  ' ',
  ' ',
  ' ',
  ' ',
  '',
  '',
  '\n',
  '\n\n',
  '\u3000',
  '\u00a0',
  '\u202f',
  '(',
  '（',
  '«',
  '-',
  '/',
  '.',
  '_',
  '\t',
  '\u200b',
  '\u2028',
];

export interface CorpusText {
  script: Script;
  text: string;
}

/** As many texts of each script as are wanted. */
export function corpus({
  perScript,
  seed = 1,
}: {
  perScript: number;
  seed?: number;
}): CorpusText[] {
  const random = randomOf(seed);
  return SCRIPTS.flatMap((script) =>
    Array.from({ length: perScript }, () => ({ script, text: textOf(script, random) })),
  );
}

function textOf(script: Script, random: () => number): string {
  const one = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const link = () => one(SCHEMES) + one(HOSTS) + one(PORTS) + one(PATHS) + one(QUERIES) + one(ENDS);
  const parts = [
    () => one(WORDS[script]),
    () => one(WORDS[script]),
    link,
    link,
    () => one(EMOJI),
    () => one(MENTIONS) + one(ENDS),
    () => one(TAGS),
    () => one(WORDS[one(SCRIPTS)]),
  ];
  let text = random() < 0.2 ? one(GAPS) : '';
  for (let left = 1 + Math.floor(random() * 8); left > 0; left -= 1)
    text += one(parts)() + one(GAPS);
  return random() < 0.5 ? text.trim() || 'x' : text;
}

/** Mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
