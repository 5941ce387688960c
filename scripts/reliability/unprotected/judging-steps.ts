import { stepItem as takeStep, unmetFor } from '../../../src/domain/item/run.ts';

export * from '../../../src/domain/item/run.ts';

/** Judges an accepted command once more when it is applied, by whatever the rules are then. */
export const stepItem: typeof takeStep = (snapshot, event) => {
  const isRefused = 'actor' in event && unmetFor(snapshot, 0, event).length > 0;
  return isRefused ? { snapshot, records: [], effects: [] } : takeStep(snapshot, event);
};
