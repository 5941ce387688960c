import type { EvidenceVerifier } from '../../src/cli/cli-deps.ts';

/** Loaded with the command that needs it: the others start without the machine and the engine's library. */
export const evidenceVerifier: EvidenceVerifier = {
  async verify(question) {
    const { verifyEvidence } = await import('../../src/evidence/verify/verify-evidence.ts');
    return verifyEvidence(question);
  },
};
