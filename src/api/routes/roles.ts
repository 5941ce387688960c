import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { RolesComparison, rolesComparison } from '../../domain/labels/roles-comparison.ts';
import { LANGUAGES, type Language } from '../../domain/labels/words.ts';
import type { ApiEnv } from '../gates/context.ts';
import { problems } from '../gates/errors.ts';
import { answers } from '../route-answers.ts';
import { withKey } from '../route-parts.ts';

const readRoute = createRoute({
  ...withKey('get', 'Roles'),
  path: '/v1/roles',
  operationId: 'getRoles',
  summary: 'The three roles compared, in French or English',
  description:
    'Responsibilities, skills, backgrounds, daily activities, collaborations and KPIs of the strategist, the social media manager and the creator. The language is `lang`, else what `Accept-Language` prefers, else English.',
  request: { query: z.strictObject({ lang: z.enum(LANGUAGES).optional() }) },
  responses: {
    200: answers(RolesComparison, 'The comparison'),
    ...problems('invalid_request', 'unauthenticated'),
  },
});

export function roleRoutes() {
  return new OpenAPIHono<ApiEnv>().openapi(readRoute, (c) => {
    const language = c.req.valid('query').lang ?? preferred(c.req.header('accept-language'));
    c.header('Content-Language', language);
    c.header('Vary', 'Accept-Language');
    return c.json(rolesComparison(language), 200);
  });
}

/** The best known language of an `Accept-Language` header. */
function preferred(header: string | undefined): Language {
  const ranked = (header ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = /^\s*q=([01](\.\d{0,3})?)$/.exec(parameters.join(';'))?.[1];
      return { language: tag.split('-')[0], quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality);
  const found = ranked.flatMap(
    ({ language }) => LANGUAGES.find((known) => known === language) ?? [],
  );
  return found[0] ?? 'en';
}
