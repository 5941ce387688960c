import { z } from 'zod';

/** What a notice is about, as members choose channels for it. */
export const NOTICE_KINDS = [
  'asked',
  'reminder',
  'escalation',
  'decided',
  'voided',
  'returned',
  'published',
  'publication_trouble',
  'review_due',
  'finding',
  'administrative',
] as const;
export const NoticeKind = z.enum(NOTICE_KINDS).meta({ id: 'NoticeKind' });
export type NoticeKind = z.infer<typeof NoticeKind>;

export const NOTICE_CHANNELS = ['in_app', 'email', 'slack'] as const;
export const NoticeChannel = z.enum(NOTICE_CHANNELS).meta({ id: 'NoticeChannel' });
export type NoticeChannel = z.infer<typeof NoticeChannel>;

/** Where a notice goes unless its member says otherwise: by mail only what asks for an act. */
export const USUAL_CHANNELS: Readonly<Record<NoticeKind, readonly NoticeChannel[]>> = {
  asked: ['in_app', 'email'],
  reminder: ['in_app', 'email'],
  escalation: ['in_app', 'email'],
  decided: ['in_app'],
  voided: ['in_app', 'email'],
  returned: ['in_app', 'email'],
  published: ['in_app'],
  publication_trouble: ['in_app', 'email'],
  review_due: ['in_app', 'email'],
  finding: ['in_app'],
  administrative: ['in_app'],
};

/** Kinds that a digest does not hold back. Quiet hours do. */
export const URGENT_KINDS: readonly NoticeKind[] = ['escalation', 'publication_trouble'];
