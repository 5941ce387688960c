import { z } from 'zod';

/** A checkpoint's name: `+1h`, `+24h`, `+7d` … up to a year. */
export const CheckpointName = z
  .string()
  .regex(/^\+[1-9]\d{0,3}[hd]$/, 'is an age such as "+24h" or "+7d"')
  .max(6)
  .meta({ id: 'CheckpointName', example: '+7d' });
