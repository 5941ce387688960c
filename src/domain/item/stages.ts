import { keysOf } from '../keys.ts';

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

type Phase = 'making' | 'planning' | 'sending' | 'measuring' | 'paused' | 'final';

/** Where each stage is on the way. `making`: before the gate closes. `sending`: a slot may fall due. */
const STAGE_PHASES = {
  briefing: 'making',
  creation: 'making',
  review: 'making',
  scheduling: 'planning',
  scheduled: 'sending',
  publishing: 'sending',
  measuring: 'measuring',
  kpi_review: 'measuring',
  on_hold: 'paused',
  closed: 'final',
  cancelled: 'final',
} as const satisfies Record<string, Phase>;

export type Stage = keyof typeof STAGE_PHASES;
export const STAGES = keysOf(STAGE_PHASES);

/** Whether a stage has a clock: how long an item may stay before people are reminded. */
const HAS_CLOCK = {
  briefing: true,
  creation: true,
  review: true,
  scheduling: true,
  scheduled: false,
  publishing: true,
  measuring: false,
  kpi_review: true,
  on_hold: false,
  closed: false,
  cancelled: false,
} as const satisfies Record<Stage, boolean>;

export type ClockedStage = {
  [S in Stage]: (typeof HAS_CLOCK)[S] extends true ? S : never;
}[Stage];

/** Stages in which the content is still made and approved. */
export const MAKING_STAGES = stagesIn('making');
/** The stages in which a slot may fall due. */
export const SENDING_STAGES = stagesIn('sending');
export const FINAL_STAGES = stagesIn('final');

export const CLOCKED_STAGES: readonly ClockedStage[] = STAGES.filter(isClockedStage);

export const OPEN_PLACES: readonly Place[] = PLACES.filter((place) => !isFinal(place));

function stagesIn(phase: Phase): readonly Stage[] {
  return STAGES.filter((stage) => STAGE_PHASES[stage] === phase);
}

export function isClockedStage(stage: Stage): stage is ClockedStage {
  return HAS_CLOCK[stage];
}

/** True once nothing can happen to the item any more. */
export function isFinal(place: Place): boolean {
  return FINAL_STAGES.includes(stageOf(place));
}

export function stageOf(place: Place): Stage {
  return place.split('.')[0] as Stage;
}

export function substageOf(place: Place): string | null {
  return place.split('.')[1] ?? null;
}
