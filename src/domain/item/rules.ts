import type { CommandType } from './commands.ts';
import { APPROVAL_COMMANDS } from './moves/approval.ts';
import type { CommandDefinitions } from './moves/command.ts';
import { CONTENT_COMMANDS } from './moves/content.ts';
import { HANDOFF_COMMANDS } from './moves/handoff.ts';
import { REVIEW_COMMANDS } from './moves/kpi-review.ts';
import { SCHEDULE_COMMANDS } from './moves/schedule.ts';
import { STAGE_COMMANDS } from './moves/stage.ts';

/**
 * Every command of a person, in the order of an item's life: where it may be given, by whom, which
 * named requirements guard it, and what it changes. The machine, the API's `actions` and the
 * documentation all read this one table.
 */
export const COMMAND_RULES: CommandDefinitions<CommandType> = {
  save_brief: CONTENT_COMMANDS.save_brief,
  ...HANDOFF_COMMANDS,
  save_draft: CONTENT_COMMANDS.save_draft,
  ...APPROVAL_COMMANDS,
  ...SCHEDULE_COMMANDS,
  ...REVIEW_COMMANDS,
  ...STAGE_COMMANDS,
};

export const COMMAND_TYPES = Object.keys(COMMAND_RULES) as CommandType[];
