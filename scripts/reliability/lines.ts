import type { Line, LineId } from './line.ts';
import { R1 } from './lines/r1.ts';
import { R2 } from './lines/r2.ts';
import { R3 } from './lines/r3.ts';
import { R4 } from './lines/r4.ts';
import { R5 } from './lines/r5.ts';
import { R6 } from './lines/r6.ts';
import { R7 } from './lines/r7.ts';
import { R8 } from './lines/r8.ts';
import { R9 } from './lines/r9.ts';
import { R10 } from './lines/r10.ts';
import { R12 } from './lines/r12.ts';
import { R13 } from './lines/r13.ts';
import { R14 } from './lines/r14.ts';
import { R15 } from './lines/r15.ts';
import { R16 } from './lines/r16.ts';
import { R17 } from './lines/r17.ts';
import { R18 } from './lines/r18.ts';
import { R19 } from './lines/r19.ts';
import { R20 } from './lines/r20.ts';
import { R21 } from './lines/r21.ts';
import { R22 } from './lines/r22.ts';
import { R24 } from './lines/r24.ts';
import { R25 } from './lines/r25.ts';

/** The lines that can be run, by the names of the scorecard. */
export const LINES: Readonly<Record<LineId, Line>> = {
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R7,
  R8,
  R9,
  R10,
  R12,
  R13,
  R14,
  R15,
  R16,
  R17,
  R18,
  R19,
  R20,
  R21,
  R22,
  R24,
  R25,
};
