import type { Line, LineId } from './line.ts';
import { R1 } from './lines/r1.ts';
import { R2 } from './lines/r2.ts';
import { R3 } from './lines/r3.ts';
import { R4 } from './lines/r4.ts';
import { R5 } from './lines/r5.ts';
import { R6 } from './lines/r6.ts';
import { R22 } from './lines/r22.ts';

/** The lines that can be run, by the names of the scorecard. */
export const LINES: Readonly<Record<LineId, Line>> = { R1, R2, R3, R4, R5, R6, R22 };
