/** Roles of the glossary. The first three own stages; the second group may be asked to approve; the third is informed. */
export const OWNER_ROLES = ['strategist', 'creator', 'social_media_manager'] as const;
export const APPROVER_ROLES = [
  'brand',
  'legal',
  'subject_expert',
  'public_relations',
  'advertising',
  'leadership',
  'editor',
  'designer',
] as const;
export const INFORMED_ROLES = ['marketing', 'sales_crm', 'community_manager'] as const;
export const ROLES = [...OWNER_ROLES, ...APPROVER_ROLES, ...INFORMED_ROLES, 'admin'] as const;

/** Who imports the exports of tools, and says how they are read. */
export const IMPORTER_ROLES = [
  'strategist',
  'social_media_manager',
  'admin',
] as const satisfies readonly (typeof ROLES)[number][];

export type OwnerRole = (typeof OWNER_ROLES)[number];
export type ApproverRole = (typeof APPROVER_ROLES)[number];
export type Role = (typeof ROLES)[number];

export function isOwnerRole(role: string): role is OwnerRole {
  return (OWNER_ROLES as readonly string[]).includes(role);
}
