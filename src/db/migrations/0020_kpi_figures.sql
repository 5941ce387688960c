-- Figures of reviewed pieces by age: later pieces of the same channels and formats are compared with them.
-- They follow from the readings that a review froze; a later review of the piece replaces them.
create table kpi_figures (
  workspace_id text not null,
  item_id text not null,
  -- The item, one of its channel accounts, or one of its publications.
  scope text not null,
  age_hours integer not null check (age_hours > 0),
  kind text not null check (kind in ('item', 'channel', 'publication')),
  channels text not null,
  formats text not null,
  published_at timestamp(3) with time zone not null,
  -- Value by KPI and definition.
  figures jsonb not null,
  primary key (workspace_id, item_id, scope, age_hours),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);
create index kpi_figures_alike
  on kpi_figures (workspace_id, kind, channels, formats, age_hours, published_at desc);

select close_workspaces();
