import { checkpointStormScenario } from './checkpoint-storm-scenario.ts';
import { rollUpScenario } from './roll-up.ts';
import type { KpiScenario } from './scenario.ts';

/** In the order in which they run. */
export const KPI_SCENARIOS: readonly KpiScenario[] = [rollUpScenario, checkpointStormScenario];
