/** The network's own rule for a text. It shares nothing with what Baton checks before it sends. */

const MAX_CHARACTERS = 500;
const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Why the network takes a text not; null when it does. */
export function refusalOf(text: string): { code: string; message: string } | null {
  if (!text.isWellFormed()) return { code: 'malformed', message: 'This is no Unicode text.' };
  if (text.trim() === '') return { code: 'empty', message: 'A post says something.' };
  const count = Array.from(characters.segment(text)).length;
  if (count <= MAX_CHARACTERS) return null;
  return {
    code: 'too_long',
    message: `A post has at most ${MAX_CHARACTERS} characters, this one ${count}.`,
  };
}
