import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Brief } from '../../src/domain/item/content/brief.ts';
import { Draft } from '../../src/domain/item/content/draft.ts';

/** A piece of `examples/`: its brief, its draft and the picture that the draft names by its hash. */
export interface Piece {
  brief: Brief;
  draft: Draft;
  picture: { name: string; bytes: Uint8Array<ArrayBuffer> };
}

const examples = join(import.meta.dirname, '..', '..', 'examples');
const PICTURES = { fr: 'quatre-gestes.png', en: 'who-holds-the-piece.png' } as const;

/** @throws Error when a file is missing or not what its schema says. */
export function readPiece(language: keyof typeof PICTURES): Piece {
  const text = (file: string) => readFileSync(join(examples, language, file), 'utf8');
  const name = PICTURES[language];
  return {
    brief: Brief.parse(JSON.parse(text('brief.json'))),
    draft: Draft.parse(JSON.parse(text('draft.json'))),
    picture: { name, bytes: new Uint8Array(readFileSync(join(examples, language, name))) },
  };
}

/** The brief as a strategist has it after the first meeting: without whom it is for, and no targets. */
export function firstThoughts({ brief }: Piece): Brief {
  const { objective, goal, intent, pillar, formats, channels, languages } = brief;
  return { objective, goal, intent, pillar, formats, channels, languages };
}

/** The draft before anybody has made its picture. */
export function withoutPicture({ draft }: Piece): Draft {
  return { ...draft, assets: [], variants: draft.variants.map(({ assets: _, ...text }) => text) };
}

const CLAIM = 'Les clients du soir viennent plus tôt, ou achètent pour deux jours.';
const SOURCE = 'C’est ce que montrent, sur quatre semaines, les carnets de nos quatorze boutiques.';

/** The same with a sentence that somebody adds when it is scheduled already. */
export function withDate(piece: Piece): Draft {
  const draft = withSource(piece);
  return { ...draft, body: draft.body.replace(SOURCE, `${SOURCE} Relevés d’octobre 2026.`) };
}

/** The French draft with the source that the editor asked for. */
export function withSource({ draft }: Piece): Draft {
  if (!draft.body.includes(CLAIM)) throw new Error('examples/fr: the claim is not in the article');
  return { ...draft, body: draft.body.replace(CLAIM, `${CLAIM} ${SOURCE}`) };
}
