import { z } from 'zod';
import { Refusal } from './faults.ts';

/** Figures of a server, as it states them in `GET /api/v2/instance` (entities/Instance). */
export interface StatedLimits {
  maxCharacters: number;
  maxMediaAttachments: number;
  charactersReservedPerUrl: number;
  imageSizeLimit: number;
  videoSizeLimit: number;
  descriptionLimit: number;
  mediaTypes: readonly string[];
}

/** As the example of entities/Instance has them. */
export const STATED_LIMITS: StatedLimits = {
  maxCharacters: 500,
  maxMediaAttachments: 4,
  charactersReservedPerUrl: 23,
  imageSizeLimit: 16_777_216,
  videoSizeLimit: 103_809_024,
  descriptionLimit: 1_500,
  mediaTypes: ['image/jpeg', 'image/png', 'image/gif', 'video/mp4', 'audio/mpeg'],
};

/** methods/statuses, "Form data parameters"; a real server ignores others, this one refuses them. */
const StatusParams = z.strictObject({
  status: z.string().optional(),
  media_ids: z.array(z.string()).min(1).optional(),
  in_reply_to_id: z.string().optional(),
  sensitive: z.boolean().optional(),
  spoiler_text: z.string().optional(),
  visibility: z.enum(['public', 'unlisted', 'private', 'direct']).optional(),
  // ISO 639-1, or 639-3 where a language has no two letters.
  language: z
    .string()
    .regex(/^[a-z]{2,3}$/)
    .optional(),
});
export type StatusParams = z.infer<typeof StatusParams>;

export function parseStatus(body: Buffer): StatusParams {
  const parsed = StatusParams.safeParse(JSON.parse(body.toString('utf8')));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal(422, `Validation failed: ${issue?.path.join('.')} ${issue?.message}`);
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`);

/** app/lib/text_formatter.rb: links in three spans, mentions without their host, paragraphs and breaks. */
export function renderHtml(text: string): string {
  const linked = text
    .split(/(https?:\/\/\S+|(?<=^|\s)@\w+@[\w.-]+)/)
    .map((part) => {
      const [, user] = /^@(\w+)@/.exec(part) ?? [];
      if (user !== undefined) {
        return `<span class="h-card"><a href="https://elsewhere.example/@${user}" class="u-url mention">@<span>${user}</span></a></span>`;
      }
      const [prefix] = /^https?:\/\/(?:www\.)?/.exec(part) ?? [];
      if (prefix === undefined) return escapeHtml(part);
      const shown = part.slice(prefix.length, prefix.length + 30);
      const rest = part.slice(prefix.length + 30);
      return `<a href="${escapeHtml(part)}" target="_blank"><span class="invisible">${prefix}</span><span class="ellipsis">${escapeHtml(shown)}</span><span class="invisible">${escapeHtml(rest)}</span></a>`;
    })
    .join('');
  return linked
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${paragraph.replaceAll('\n', '<br />')}</p>`)
    .join('');
}

/** entities/Instance, the part that clients read. */
export function instanceEntity(limits: StatedLimits): unknown {
  return {
    domain: 'mastodon.example',
    version: '4.5.0',
    configuration: {
      statuses: {
        max_characters: limits.maxCharacters,
        max_media_attachments: limits.maxMediaAttachments,
        characters_reserved_per_url: limits.charactersReservedPerUrl,
      },
      media_attachments: {
        supported_mime_types: limits.mediaTypes,
        description_limit: limits.descriptionLimit,
        image_size_limit: limits.imageSizeLimit,
        video_size_limit: limits.videoSizeLimit,
      },
    },
  };
}
