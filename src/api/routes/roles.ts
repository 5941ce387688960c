import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { RolesComparison, rolesComparison } from '../../domain/labels/roles-comparison.ts';
import { LANGUAGES } from '../../domain/labels/words.ts';
import type { ApiEnv } from '../gates/context.ts';
import { problems } from '../gates/errors.ts';
import { preferredLanguage } from '../preferred-language.ts';
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
    const language =
      c.req.valid('query').lang ?? preferredLanguage(c.req.header('accept-language'));
    c.header('Content-Language', language);
    c.header('Vary', 'Accept-Language');
    return c.json(rolesComparison(language), 200);
  });
}
