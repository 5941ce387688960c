import type { InputSums, KpiInput, Term } from './formula.ts';

/** The smallest sample that a verdict may rest on. */
export interface Floor {
  term: Term;
  atLeast: number;
  unit: string;
  /** Another sample that will do as well. */
  or?: Floor;
}

/** A sample, and the floor it is compared with. */
export interface FloorCheck {
  have: number;
  atLeast: number;
  unit: string;
}

/** The first floor that the sample stays under. A floor whose sample nobody measured says nothing. */
export function firstBelow(floors: readonly Floor[], sums: InputSums): FloorCheck | null {
  for (const floor of floors) {
    const checks = alternatives(floor).flatMap((one) => {
      const known = one.term.every.every((input) => sums[input] !== undefined);
      return known ? [{ have: one.term.of(sums), atLeast: one.atLeast, unit: one.unit }] : [];
    });
    const [first] = checks;
    if (first !== undefined && checks.every(({ have, atLeast }) => have < atLeast)) return first;
  }
  return null;
}

function alternatives(floor: Floor): Floor[] {
  return floor.or === undefined ? [floor] : [floor, ...alternatives(floor.or)];
}

export function floorInputs(floor: Floor): KpiInput[] {
  return alternatives(floor).flatMap(({ term }) => [...term.every, ...term.exposed]);
}
