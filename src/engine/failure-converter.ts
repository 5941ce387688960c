import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Messages and stacks of failures travel as a payload, so that the codec encrypts them as well. The
 * workflow bundle and the programs load this file by its path (src/engine/data-converter.ts).
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
