import type { TemporaryStack } from '../local/temporary-stack.ts';

export type LineId =
  | 'R1'
  | 'R2'
  | 'R3'
  | 'R4'
  | 'R5'
  | 'R6'
  | 'R7'
  | 'R8'
  | 'R9'
  | 'R10'
  | 'R12'
  | 'R13'
  | 'R14'
  | 'R15'
  | 'R16'
  | 'R17'
  | 'R18'
  | 'R19'
  | 'R20'
  | 'R21'
  | 'R22'
  | 'R24'
  | 'R25';

/** What a run is told. */
export interface RunOptions {
  /** Operations of the line: handoffs, publishes, pauses, kills or starts. */
  n: number;
  seed: number;
  /** Runs it without its protection: it must then fail. */
  control: boolean;
  progress(text: string): void;
}

/** What a run came to; the line judges by its target. */
export interface Outcome {
  operations: number;
  /** Faults injected, by kind. */
  faults: Record<string, number>;
  lost: number;
  duplicated: number;
  unresolved: number;
  /** How long it took from each fault until its outcome stood, milliseconds. */
  recoveryMs: number[];
  /** Everything that the target forbids; empty when it holds. */
  violations: string[];
  /** Evidence that a person needs, one line each. */
  evidence: string[];
}

/** One line of the scorecard. */
export interface Line {
  id: LineId;
  title: string;
  target: string;
  /** What the control takes away. */
  protection: string;
  full: number;
  small: number;
  /** Ends servers: it gets some of its own. */
  endsServers?: true;
  run(stack: TemporaryStack, options: RunOptions): Promise<Outcome>;
}

export type LineResult = Omit<Outcome, 'recoveryMs'> & {
  line: LineId;
  seed: number;
  control: boolean;
  seconds: number;
  recovery: { p50: number; p99: number } | null;
  holds: boolean;
};
