import { MACHINE_RULES as PRESENT } from '../../../src/domain/item/machine/rules.ts';

export * from '../../../src/domain/item/machine/rules.ts';

/** Other clocks. */
export const MACHINE_RULES: typeof PRESENT = { ...PRESENT, clockPercents: [40, 75, 100, 200] };
