import { BatonError } from '../../src/client/index.ts';

/**
 * The refusal of a call that must not succeed.
 * @throws Error when it is accepted, or fails for another reason than this requirement
 */
export async function refusalOf(
  call: Promise<unknown>,
  { requirement }: { requirement: string },
): Promise<BatonError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof BatonError && error.lacks(requirement)) return error;
    throw error;
  }
  throw new Error(`it was accepted, although ${requirement} should have refused it`);
}
