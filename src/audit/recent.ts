/** Answers of the engine that are good for a moment, whoever asks: the same is asked once. */
export interface Recent<T> {
  get(key: string, ask: () => Promise<T>): Promise<T>;
}

/** @param goodForMs after the question was put. What failed is asked again. */
export function createRecent<T>(goodForMs: number): Recent<T> {
  const known = new Map<string, { until: number; answer: Promise<T> }>();
  return {
    get(key, ask) {
      const now = Date.now();
      for (const [name, { until }] of known) if (until <= now) known.delete(name);
      const recent = known.get(key);
      if (recent !== undefined) return recent.answer;
      const answer = ask();
      known.set(key, { until: now + goodForMs, answer });
      answer.catch(() => {
        if (known.get(key)?.answer === answer) known.delete(key);
      });
      return answer;
    },
  };
}
