export const STAGES = [
  'briefing',
  'creation',
  'review',
  'scheduling',
  'scheduled',
  'publishing',
  'measuring',
  'kpi_review',
  'on_hold',
  'closed',
  'cancelled',
] as const;
export type Stage = (typeof STAGES)[number];

/** A place of the machine: the stage, or stage and substage. */
export const PLACES = [
  'briefing.drafting',
  'briefing.offered',
  'creation.drafting',
  'review.deciding',
  'scheduling.offered',
  'scheduling.planning',
  'scheduled',
  'publishing',
  'measuring',
  'kpi_review',
  'on_hold',
  'closed',
  'cancelled',
] as const;
export type Place = (typeof PLACES)[number];

export const FINAL_STAGES = ['closed', 'cancelled'] as const satisfies readonly Stage[];

export const OPEN_PLACES = PLACES.filter(
  (place) => place !== 'closed' && place !== 'cancelled',
) as readonly Place[];

export function stageOf(place: Place): Stage {
  return place.split('.')[0] as Stage;
}

export function substageOf(place: Place): string | null {
  return place.split('.')[1] ?? null;
}

/** Stages with a clock: how long an item may stay before people are reminded and told. */
export const CLOCKED_STAGES = [
  'briefing',
  'creation',
  'review',
  'scheduling',
  'publishing',
  'kpi_review',
] as const satisfies readonly Stage[];
export type ClockedStage = (typeof CLOCKED_STAGES)[number];

export function isClockedStage(stage: string): stage is ClockedStage {
  return (CLOCKED_STAGES as readonly string[]).includes(stage);
}
