/** Lets a few at a time through per key, first come first served. */
export interface Turnstile {
  /**
   * Waits for a turn.
   * @returns what gives the turn back; null when none came within `withinMs`.
   */
  enter(key: string, withinMs: number): Promise<(() => void) | null>;
}

interface Gate {
  inside: number;
  waiting: Set<() => void>;
}

/** @param limit how many of one key are inside at the same time. */
export function createTurnstile(limit: number): Turnstile {
  const gates = new Map<string, Gate>();
  const leave = (key: string, gate: Gate): void => {
    gate.inside -= 1;
    const [next] = gate.waiting;
    next?.();
    if (gate.inside === 0) gates.delete(key);
  };
  return {
    enter(key, withinMs) {
      const gate = gates.get(key) ?? { inside: 0, waiting: new Set() };
      gates.set(key, gate);
      return new Promise((resolve) => {
        const admit = (): void => {
          clearTimeout(timer);
          gate.waiting.delete(admit);
          gate.inside += 1;
          resolve(() => leave(key, gate));
        };
        const timer = setTimeout(() => {
          gate.waiting.delete(admit);
          resolve(null);
        }, withinMs);
        if (gate.inside < limit) admit();
        else gate.waiting.add(admit);
      });
    },
  };
}
