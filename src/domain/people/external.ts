const PREFIX = 'external:';

/** Whoever decides by an approval link, as an actor: they are no member. */
export function externalId(linkId: string): string {
  return PREFIX + linkId;
}

export function isExternal(actorId: string): boolean {
  return actorId.startsWith(PREFIX);
}
