import type { ItemContext } from '../item/context.ts';
import type { ClockedStage } from '../item/stages.ts';
import type { Role } from '../people/roles.ts';
import type { Recipient, Telling } from './notice.ts';
import {
  backupOf,
  holdersOf,
  type People,
  type Person,
  personOf,
  responsibleFor,
} from './people.ts';
import type { NoticeAbout, NoticeTextKey } from './texts.ts';
import type { Wait } from './waits.ts';

/** Who answers for a stage, whoever works in it. */
export const ACCOUNTABLE: Record<ClockedStage, Role> = {
  briefing: 'strategist',
  creation: 'strategist',
  review: 'strategist',
  scheduling: 'social_media_manager',
  publishing: 'social_media_manager',
  kpi_review: 'strategist',
};

/** What the ladder has to know of the step that passed. */
export interface LadderStep {
  stage: ClockedStage;
  percent: number;
  dueAt: string;
}

interface Ground {
  context: ItemContext;
  people: People;
  about: NoticeAbout;
}

/**
 * Up to 80 % those who are asked are reminded, then their backups with them. From the breach on those
 * who answer for the stage are told, at last the strategist and leadership. Nobody's silence approves.
 */
export function ladderNotices(
  step: LadderStep,
  rung: 'half' | 'most' | 'full' | 'over',
  waits: readonly Wait[],
  ground: Ground,
): Telling[] {
  return waits.map((wait) => {
    const { people, context } = ground;
    const isBreach = rung === 'full' || rung === 'over';
    const prefix = isBreach ? 'breach' : 'reminder';
    const asked = responsibleFor(wait, context, people);
    const responsible = asked.map((person) => recipient(person, `${prefix}.responsible`));
    const backups = asked.flatMap((person) => {
      const backup = backupOf(person, people);
      return backup === null || rung === 'half' ? [] : [recipient(backup, `${prefix}.backup`)];
    });
    return {
      kind: isBreach ? 'escalation' : 'reminder',
      cause: [context.itemId, wait.key, step.percent, step.dueAt].join(' '),
      waitKey: wait.key,
      about: {
        ...ground.about,
        ...step,
        role: wait.role,
        for: wait.for,
        name: asked.map(({ name }) => name).join(', '),
      },
      to: [
        ...responsible,
        ...backups,
        ...(isBreach ? accountable(step.stage, ground) : []),
        ...(rung === 'over' ? leaders(ground) : []),
      ],
    };
  });
}

function accountable(stage: ClockedStage, ground: Ground): Recipient[] {
  return inRole(ACCOUNTABLE[stage], ground).map((one) => recipient(one, 'breach.accountable'));
}

/** The strategist and leadership; the admins where nobody leads. */
function leaders(ground: Ground): Recipient[] {
  const leadership = holdersOf(ground.people, 'leadership');
  const last = leadership.length > 0 ? leadership : holdersOf(ground.people, 'admin');
  return [...inRole('strategist', ground), ...last].map((one) =>
    recipient(one, 'breach.leadership'),
  );
}

/** The member of the item's team, else everybody who holds the role. */
export function inRole(role: Role, { context, people }: Omit<Ground, 'about'>): Person[] {
  const team: Partial<Record<Role, string | null>> = context.team;
  const member = personOf(people, team[role] ?? null);
  return member === null ? holdersOf(people, role) : [member];
}

function recipient({ id }: Person, textKey: NoticeTextKey): Recipient {
  return { memberId: id, textKey };
}
