import { type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel } from './config/variables.ts';
import { currentTraceId } from './health/span.ts';
import { loggable } from './log-fields.ts';

export type Logger = PinoLogger;

const STANDARD_OUTPUT = 1;

/**
 * JSON lines on standard output. Callers name the fields they log: ids, codes and durations, never
 * bodies, texts or secrets; what a field is called like is removed all the same.
 */
export function createLogger({ level, program }: { level: LogLevel; program: string }): Logger {
  return pino(
    {
      level,
      base: { program },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: () => ({ traceId: currentTraceId() }),
      formatters: { level: (label) => ({ level: label }), log: loggable },
    },
    // Written before the call returns: a line that was still on its way would be lost at the exit.
    pino.destination({ dest: STANDARD_OUTPUT, sync: true }),
  );
}

const LEVELS = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const;
type TemporalLevel = keyof typeof LEVELS;

/** The engine's log lines through ours: message, workflow, activity and error, nothing of the payloads. */
export function temporalLogger(log: Logger) {
  const write = (level: TemporalLevel, message: string, meta?: Record<string, unknown>) => {
    const { workflowId, runId, activityType, attempt, error } = meta ?? {};
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : undefined;
    log[LEVELS[level]]({ workflowId, runId, activityType, attempt, reason }, message);
  };
  return {
    log: write,
    trace: (message: string, meta?: Record<string, unknown>) => write('TRACE', message, meta),
    debug: (message: string, meta?: Record<string, unknown>) => write('DEBUG', message, meta),
    info: (message: string, meta?: Record<string, unknown>) => write('INFO', message, meta),
    warn: (message: string, meta?: Record<string, unknown>) => write('WARN', message, meta),
    error: (message: string, meta?: Record<string, unknown>) => write('ERROR', message, meta),
  };
}
