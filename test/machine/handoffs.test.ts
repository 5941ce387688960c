import { describe, expect, it } from 'vitest';
import { actor, briefDigest, CAST, DAY, HOLDERS, PLAYBOOK } from './item-fixture.ts';
import { toBriefing, toHandover, toOffered, toPlanning } from './item-journeys.ts';

const UNASSIGNED = { strategist: 'mbr_strategist', creator: null, social_media_manager: null };

describe('a handoff', () => {
  it('is accepted by any holder of the role while nobody is assigned, and assigns them', () => {
    const run = toOffered({ team: UNASSIGNED });
    expect(run.refusal('accept_handoff', CAST.editor, {})).toEqual(['is_receiver']);
    run.give('accept_handoff', CAST.secondCreator, {});
    expect(run.context.team.creator).toBe(CAST.secondCreator.memberId);
    expect(run.place).toBe('creation.drafting');
  });

  it('freezes the targets when the brief is accepted', () => {
    const run = toOffered();
    expect(run.context.targetsFrozenAt).toBeNull();
    expect(run.give('accept_handoff', CAST.creator, {})).toEqual([
      'handoff.accepted',
      'kpi_targets.frozen',
      'item.stage_changed',
    ]);
    expect(run.context.targetsFrozenAt).toBe(run.at);
  });

  it('is for the backup of the assignee only after a breach, and only if they hold the role', () => {
    const run = toOffered();
    const backup = actor('mbr_backup', ['creator'], { backupFor: [CAST.creator.memberId] });
    const stranger = actor('mbr_backup', ['editor'], { backupFor: [CAST.creator.memberId] });
    expect(run.refusal('accept_handoff', backup, {})).toEqual(['is_receiver']);
    expect(run.wait(2 * DAY)).toEqual(['sla.warned', 'sla.warned', 'sla.breached']);
    expect(run.refusal('accept_handoff', stranger, {})).toEqual(['is_receiver']);
    run.give('accept_handoff', backup, {});
    expect(run.context.team.creator).toBe('mbr_backup');
  });

  it('declined with a reason goes back to the sender, who may offer again', () => {
    const run = toOffered();
    expect(run.refusal('decline_handoff', CAST.creator, {})).toEqual(['reason_given']);
    run.give('decline_handoff', CAST.creator, { reason: 'off_brief' });
    expect(run.place).toBe('briefing.drafting');
    expect(run.context.handoffs.at(-1)).toMatchObject({ state: 'declined', reason: 'off_brief' });
    const { brief } = PLAYBOOK.checklists;
    run.give('offer_handoff', CAST.strategist, { checklist: brief }, { holders: HOLDERS });
    expect(run.context.handoffs.map(({ id }) => id)).toEqual(['hnd_test_1', 'hnd_test_2']);
  });

  it('of the approved content declined goes back to creation', () => {
    const run = toHandover();
    run.give('decline_handoff', CAST.manager, { reason: 'channel_format' });
    expect(run.place).toBe('creation.drafting');
    expect(run.context.round).toBe(0);
  });

  it('is withdrawn by a new brief', () => {
    const run = toOffered();
    const types = run.give('save_brief', CAST.strategist, { brief: briefDigest({ hash: 'b2' }) });
    expect(types).toEqual(['brief.saved', 'handoff.withdrawn']);
    expect(run.place).toBe('briefing.drafting');
  });

  it('names every entry of the checklist that is open', () => {
    const run = toBriefing();
    expect(
      run.refusal('offer_handoff', CAST.strategist, { checklist: [] }, { holders: HOLDERS }),
    ).toEqual(PLAYBOOK.checklists.brief.map((code) => `checklist.${code}`));
  });

  it('without a channel tag of the publisher names the channel, for who asks', () => {
    const run = toHandover();
    const manager = { ...CAST.manager, platformTags: {} };
    expect(run.refusal('accept_handoff', manager, {})).toEqual(['platform_tag']);
  });
});

describe('a reassignment', () => {
  it('changes people, not the stage', () => {
    const run = toPlanning();
    run.give(
      'reassign',
      CAST.admin,
      { role: 'social_media_manager', memberId: 'mbr_new', as: 'owner', reason: 'absent' },
      { receiverRoles: ['social_media_manager'], receiverActive: true },
    );
    expect(run.place).toBe('scheduling.planning');
    expect(run.context.team.social_media_manager).toBe('mbr_new');
  });

  it('of an offered handoff makes another member its receiver', () => {
    const run = toOffered();
    run.give(
      'reassign',
      CAST.strategist,
      { role: 'creator', memberId: CAST.secondCreator.memberId, as: 'owner' },
      { receiverRoles: ['creator'], receiverActive: true },
    );
    expect(run.refusal('accept_handoff', CAST.creator, {})).toEqual(['is_receiver']);
    expect(run.refusal('accept_handoff', CAST.secondCreator, {})).toEqual([]);
  });
});
