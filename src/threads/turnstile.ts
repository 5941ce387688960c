/** Lets a few at a time through per key, first come first served. */
export interface Turnstile {
  /**
   * Waits for a turn.
   * @returns what gives the turn back; null when none came within `withinMs`, or the key is stuck.
   */
  enter(key: string, withinMs: number): Promise<(() => void) | null>;
}

interface Gate {
  inside: number;
  /** Nobody inside has left for longer than anybody should wait. */
  isStuck: boolean;
  stuckTimer: NodeJS.Timeout | undefined;
  waiting: Set<(mayEnter: boolean) => void>;
}

/**
 * @param limit how many of one key are inside at the same time.
 * @param patienceMs when nobody inside has left for so long, nobody waits any more until somebody does.
 */
export function createTurnstile(
  limit: number,
  { patienceMs }: { patienceMs?: number } = {},
): Turnstile {
  const gates = new Map<string, Gate>();
  const noteMove = (gate: Gate): void => {
    gate.isStuck = false;
    clearTimeout(gate.stuckTimer);
    if (patienceMs === undefined || gate.inside === 0) return;
    gate.stuckTimer = setTimeout(() => {
      gate.isStuck = true;
      // Each one answered takes itself off.
      for (const answer of gate.waiting) answer(false);
    }, patienceMs);
  };
  const leave = (key: string, gate: Gate): void => {
    gate.inside -= 1;
    noteMove(gate);
    const [next] = gate.waiting;
    next?.(true);
    if (gate.inside === 0) gates.delete(key);
  };
  return {
    enter(key, withinMs) {
      const gate = gates.get(key) ?? {
        inside: 0,
        isStuck: false,
        stuckTimer: undefined,
        waiting: new Set(),
      };
      gates.set(key, gate);
      return new Promise((resolve) => {
        const answer = (mayEnter: boolean): void => {
          clearTimeout(timer);
          gate.waiting.delete(answer);
          if (!mayEnter) {
            resolve(null);
            return;
          }
          gate.inside += 1;
          noteMove(gate);
          resolve(() => leave(key, gate));
        };
        const timer = setTimeout(answer, withinMs, false);
        if (gate.inside < limit) answer(true);
        else if (gate.isStuck) answer(false);
        else gate.waiting.add(answer);
      });
    },
  };
}
