export function claimPidLock(
  file: string,
): { release(): void; ownerPid?: never } | { release?: never; ownerPid: number };

export function readLivingOwner(file: string): number | null;
