import type { Chart } from './charts.ts';

export interface Table {
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

export interface Section {
  heading: string;
  text: readonly string[];
  charts: readonly Chart[];
  table: Table | null;
}

/** A review as a document: the same for every form that it is written in. */
export interface ReviewDocument {
  title: string;
  facts: readonly (readonly [string, string])[];
  sections: readonly Section[];
}

export function section(heading: string, part: Partial<Section>): Section {
  return { heading, text: [], charts: [], table: null, ...part };
}
