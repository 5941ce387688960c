import type { OpenAPIHono } from '@hono/zod-openapi';
import { documentAnswerHeaders } from './answer-headers.ts';
import type { ApiEnv } from './gates/context.ts';
import { ERROR_CODES, statusOf, titleOf } from './gates/errors.ts';
import { documentOutboundEvents } from './webhooks/outbound-documents.ts';

const DESCRIPTION = `One content item, from a strategist's brief to a signed-off KPI verdict, as one durable run.

Every command is answered by the guards of the item's run: applied, or refused with every unmet requirement by name. Times are answered in UTC; any offset is taken, a time without zone is not. Errors are problem+json. Lists are \`{items, nextCursor}\`.`;

const TAGS = [
  ['Items', 'Start a run, see where it is, what may happen next and what has happened'],
  ['Brief and draft', 'Versions, addressed by their hash'],
  ['Handoffs', 'Offered with an exit checklist; accepted or declined by the receiver'],
  ['Review', 'Approvals bind to one content hash'],
  ['Schedule', 'Publications: planned, sent once, resolved by a person when in doubt'],
  ['Links', 'As they are sent: with tags, and short, so that their clicks are counted'],
  ['Calendar', 'Weekly slots, blackouts, the freeze, and the calendar that follows'],
  ['Pause, people and deadlines', 'Messages to the living run'],
  ['Campaigns', 'A goal, flight dates and KPI targets for several items'],
  ['KPI review', 'Readings, verdicts per KPI and role, sign-offs'],
  ['Assets', 'Content-addressed files'],
  ['Roles', 'Who does what'],
  ['Webhooks', 'Signed decisions from outside, and signed events to the outside'],
  ['Notifications', 'What a member is told, and how'],
  ['Administration', 'Members, keys, playbooks, channel accounts'],
  ['Audit', 'What is stuck, and what may be done about it'],
  ['Health', 'For machines'],
  ['Local stack', 'Exists on the local stack only'],
] as const;

/** The OpenAPI 3.1 document, from the schemas that validate. */
export function openApiDocument(
  app: Pick<OpenAPIHono<ApiEnv>, 'openAPIRegistry' | 'getOpenAPI31Document'>,
) {
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'bk_<id>.<secret>',
    description: 'An API key of a member: the actor of every command is this member.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'webhookSignature', {
    type: 'apiKey',
    in: 'header',
    name: 'webhook-signature',
    description: 'Standard Webhooks: HMAC-SHA256 over `id.timestamp.rawBody`.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'githubSignature', {
    type: 'apiKey',
    in: 'header',
    name: 'x-hub-signature-256',
    description: 'HMAC-SHA256 over the body, as GitHub signs it.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'slackSignature', {
    type: 'apiKey',
    in: 'header',
    name: 'x-slack-signature',
    description: 'HMAC-SHA256 over `v0:timestamp:body`, as Slack signs it.',
  });
  documentOutboundEvents(app);
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Baton', version: '1', description: DESCRIPTION },
    servers: [{ url: '/' }],
    tags: TAGS.map(([name, description]) => ({ name, description })),
    security: [{ apiKey: [] }],
  });
  documentAnswerHeaders(document.paths ?? {});
  return {
    ...document,
    'x-problems': ERROR_CODES.map((code) => ({
      code,
      status: statusOf(code),
      title: titleOf(code),
    })),
  };
}
