-- What may go wrong with an item and from when on, as the domain computed it with the row. The audit
-- compares times; a row of before gets its alarms with its next event, or when it is rebuilt.
alter table items
  add column alarms jsonb not null default '[]',
  add column next_alarm_at timestamp(3) with time zone;
