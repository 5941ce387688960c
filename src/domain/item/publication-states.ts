import { keysOf } from '../keys.ts';

type Phase = 'waiting' | 'in_flight' | 'published' | 'unresolved' | 'ended';

/**
 * Where each state is on the way. `waiting`: the slot is to come. `in_flight`: no edit, hold or cancel
 * meanwhile. `unresolved`: a person says what became of it. `ended`: without a post.
 */
const STATE_PHASES = {
  tentative: 'waiting',
  planned: 'waiting',
  due: 'in_flight',
  sending: 'in_flight',
  published: 'published',
  rejected: 'ended',
  unknown: 'unresolved',
  missed: 'unresolved',
  skipped: 'ended',
  not_live: 'ended',
} as const satisfies Record<string, Phase>;

export type PublicationState = keyof typeof STATE_PHASES;
export const PUBLICATION_STATES = keysOf(STATE_PHASES);

/** Whether the post of a publication in this state may be on the channel. */
const MAY_BE_OUT = {
  tentative: false,
  planned: false,
  due: false,
  sending: true,
  published: true,
  rejected: false,
  unknown: true,
  missed: false,
  skipped: false,
  not_live: false,
} as const satisfies Record<PublicationState, boolean>;

export const WAITING_STATES = statesIn('waiting');
export const IN_FLIGHT_STATES = statesIn('in_flight');
export const UNRESOLVED_STATES = statesIn('unresolved');
/** While a publication is in one of these, its item stays in `publishing`. */
export const ACTIVE_STATES = [...IN_FLIGHT_STATES, ...UNRESOLVED_STATES];
export const ENDED_STATES = statesIn('ended');
/** A publication in one of these takes a moment of its account. */
export const OCCUPYING_STATES = PUBLICATION_STATES.filter(
  (state) =>
    WAITING_STATES.includes(state) || IN_FLIGHT_STATES.includes(state) || MAY_BE_OUT[state],
);
export const MAY_BE_OUT_STATES = PUBLICATION_STATES.filter((state) => MAY_BE_OUT[state]);

function statesIn(phase: Phase): readonly PublicationState[] {
  return PUBLICATION_STATES.filter((state) => STATE_PHASES[state] === phase);
}
