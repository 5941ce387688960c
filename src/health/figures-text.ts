import { Gauge, Registry } from 'prom-client';
import type { HealthFigures } from '../db/audit/health-figures.ts';

/** The figures of the tables as metrics; null: they could not be read. */
export function figuresText(figures: HealthFigures | null): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `baton_${name}`, help, labelNames, registers });

  gauge('figures_up', 'Whether the figures of the tables could be read').set(
    figures === null ? 0 : 1,
  );
  if (figures === null) return registry.metrics();
  const open = gauge('open_items', 'Items that are not closed', ['stage', 'role']);
  const overdue = gauge('overdue_items', 'Open items past their due time', ['stage', 'role']);
  const oldest = gauge(
    'oldest_waiting_item_age_seconds',
    'How long the item that waits longest for somebody has been in its stage',
    ['stage', 'role'],
  );
  for (const { stage, role, ...counted } of figures.items) {
    const labels = { stage, role: role ?? 'none' };
    open.set(labels, counted.open);
    overdue.set(labels, counted.overdue);
    oldest.set(labels, counted.oldestAge);
  }
  const findings = gauge('findings', 'Open findings of the watch', ['code', 'severity']);
  for (const { code, severity, open: count } of figures.findings) {
    findings.set({ code, severity }, count);
  }
  if (figures.lastLookAge !== null) {
    gauge(
      'last_watch_age_seconds',
      'Time since the watch last looked at the workspace that it has not looked at for longest',
    ).set(figures.lastLookAge);
  }
  const deliveries = gauge(
    'webhook_deliveries',
    'Deliveries to subscribers that are not done: pending, failed and tried again, exhausted',
    ['state'],
  );
  for (const { state, count } of figures.deliveries) deliveries.set({ state }, count);
  const { commands, outbox } = figures;
  gauge('pending_commands', 'Commands without a verdict').set(commands.count);
  gauge('oldest_pending_command_age_seconds', 'Age of the oldest of them').set(commands.oldestAge);
  gauge('outbox_events', 'Events that were not handed on').set(outbox.count);
  gauge('oldest_outbox_event_age_seconds', 'Age of the oldest of them').set(outbox.oldestAge);
  return registry.metrics();
}
