/** One figure of a scenario, and the target it is held to; null: it is only told. */
export interface KpiFigureLine {
  what: string;
  figure: string;
  target: string | null;
  isMet: boolean;
}

/** A part of `npm run bench:kpi`: it makes its own ground, measures and takes everything away. */
export interface KpiScenario {
  name: string;
  says: string;
  /** @param size `small`: the same work in little, with no target on times. */
  measure(size: { small: boolean }): Promise<KpiFigureLine[]>;
}
