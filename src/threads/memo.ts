/** Answers by key: whoever asks while one is computed shares it, and later ones get it again. */
export interface Memo<T> {
  get(key: string, compute: () => Promise<T>): Promise<T>;
}

/** @param entries are kept at most; the ones not asked for longest go first. A null is not kept. */
export function createMemo<T>({ entries }: { entries: number }): Memo<T> {
  const answers = new Map<string, Promise<T>>();
  return {
    get(key, compute) {
      const answer = answers.get(key) ?? compute();
      // Set anew, so that the map's order is that of last use.
      answers.delete(key);
      answers.set(key, answer);
      const forget = () => {
        if (answers.get(key) === answer) answers.delete(key);
      };
      answer.then((value) => value === null && forget(), forget);
      const [oldest] = answers.keys();
      if (answers.size > entries && oldest !== undefined) answers.delete(oldest);
      return answer;
    },
  };
}
