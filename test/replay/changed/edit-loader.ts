interface Edit {
  from: string;
  to: string;
}

/**
 * A webpack loader that changes a source on its way into a bundle.
 * @throws Error when the text to change is not there exactly once: the source moved on.
 */
export default function edit(this: { getOptions(): { edits: Edit[] } }, source: string): string {
  return this.getOptions().edits.reduce((text, { from, to }) => {
    const [before, after, ...more] = text.split(from);
    if (before === undefined || after === undefined || more.length > 0) {
      throw new Error(`not exactly once in the source: ${from}`);
    }
    return before + to + after;
  }, source);
}
