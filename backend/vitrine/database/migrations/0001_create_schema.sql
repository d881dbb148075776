-- PostgreSQL 15 or newer.
-- Every tenant table leads with project_id: the tenant, the partition key, the distribution column.
-- Ids that clients make are UUIDv7: retries are idempotent, and `order by id` is `order by creation`, so that one
-- primary key serves look-up, list page and cursor. Status and kind are text, checked by the program.
-- Columns named *_event_id hold the id of the event that wrote that group of columns. The greater id wins, so that
-- events may arrive in any order and any number of times.
create extension if not exists pg_trgm;
create extension if not exists btree_gin;

-- ── who: organizations, workspaces, projects, users, roles ──────────────────────────────────────────────────────
create table organization (
  id uuid primary key, slug text not null unique, name text not null, created_at timestamptz not null default now());

create table workspace (
  id uuid primary key, organization_id uuid not null references organization on delete cascade,
  slug text not null, name text not null, created_at timestamptz not null default now(),
  unique (organization_id, slug));

create table project (
  id uuid primary key, workspace_id uuid not null references workspace on delete cascade,
  slug text not null unique check (slug ~ '^[a-z0-9-]{1,63}$'),
  name text not null, description text not null default '', created_at timestamptz not null default now());

create table app_user (
  id uuid primary key, name text not null unique, full_name text not null default '', email text unique,
  password_hash text, is_active boolean not null default true, created_at timestamptz not null default now());

create table team (
  id uuid primary key, organization_id uuid not null references organization on delete cascade,
  name text not null, created_at timestamptz not null default now(), unique (organization_id, name));

create table team_member (
  team_id uuid not null references team on delete cascade, user_id uuid not null references app_user on delete cascade,
  primary key (team_id, user_id));
create index team_member_user on team_member (user_id);

create table role (                       -- actions: 'project:read', 'project:write', …; built-in roles have no organization
  id uuid primary key, organization_id uuid references organization on delete cascade,
  name text not null, scope text not null, actions text[] not null, created_at timestamptz not null default now(),
  unique nulls not distinct (organization_id, scope, name));

create table role_assignment (            -- one role, to one user or team, on one organization, workspace or project
  id uuid primary key, role_id uuid not null references role on delete cascade,
  user_id uuid references app_user on delete cascade, team_id uuid references team on delete cascade,
  organization_id uuid references organization on delete cascade,
  workspace_id uuid references workspace on delete cascade, project_id uuid references project on delete cascade,
  created_at timestamptz not null default now(), created_by uuid references app_user on delete set null,
  check (num_nonnulls(user_id, team_id) = 1), check (num_nonnulls(organization_id, workspace_id, project_id) = 1),
  unique nulls not distinct (role_id, user_id, team_id, organization_id, workspace_id, project_id));
create index role_assignment_user on role_assignment (user_id) where user_id is not null;
create index role_assignment_team on role_assignment (team_id) where team_id is not null;

create table token (                      -- vit_<id>_<secret>; actions are those of the role, within the project if one is set
  id uuid primary key, user_id uuid not null references app_user on delete cascade, name text not null,
  secret_hash bytea not null, role text not null, project_id uuid references project on delete cascade,
  created_at timestamptz not null default now(), last_used_at timestamptz, expires_at timestamptz,
  unique (user_id, name));

create table browser_session (            -- a browser's; the cookie holds the id, the table its SHA-256
  id_hash bytea primary key, user_id uuid not null references app_user on delete cascade, csrf text not null,
  token_id uuid references token on delete cascade,   -- it was opened with this token: no more rights than it, no longer life
  created_at timestamptz not null default now(), seen_at timestamptz not null default now(),
  expires_at timestamptz not null);
create index browser_session_user on browser_session (user_id);

create table sign_in_link (               -- one use
  code_hash bytea primary key, user_id uuid not null references app_user on delete cascade,
  expires_at timestamptz not null);

create table audit (
  id bigint generated always as identity primary key, at timestamptz not null default now(),
  user_id uuid, token_id uuid, project_id uuid, action text not null, object_kind text not null, object_id text,
  facts jsonb not null default '{}');
create index audit_project on audit (project_id, id);

-- ── infrastructure ──────────────────────────────────────────────────────────────────────────────────────────────
create table connector (
  project_id uuid not null references project on delete cascade, id uuid not null, name text not null,
  kind text not null, configuration jsonb not null default '{}', secrets bytea, key_version int,
  version int not null default 1, created_at timestamptz not null default now(), created_by uuid,
  primary key (project_id, id), unique (project_id, name));

create table component (
  project_id uuid not null references project on delete cascade, id uuid not null, name text not null,
  category text not null, flavor text not null, configuration jsonb not null default '{}', connector_id uuid,
  version int not null default 1, created_at timestamptz not null default now(), created_by uuid,
  primary key (project_id, id), unique (project_id, category, name),
  foreign key (project_id, connector_id) references connector (project_id, id) on delete set null (connector_id));

create table stack (
  project_id uuid not null references project on delete cascade, id uuid not null, name text not null,
  version int not null default 1, created_at timestamptz not null default now(), created_by uuid,
  primary key (project_id, id), unique (project_id, name));

create table stack_component (
  project_id uuid not null, stack_id uuid not null, component_id uuid not null,
  primary key (project_id, stack_id, component_id),
  foreign key (project_id, stack_id) references stack (project_id, id) on delete cascade,
  foreign key (project_id, component_id) references component (project_id, id) on delete cascade);

-- ── tags and metadata keys ──────────────────────────────────────────────────────────────────────────────────────
create table tag (
  project_id uuid not null references project on delete cascade, id uuid not null, name text not null,
  color text, created_at timestamptz not null default now(),
  primary key (project_id, id), unique (project_id, name));

create table metadata_key (
  project_id uuid not null references project on delete cascade, id int generated always as identity,
  name text not null,
  primary key (project_id, id), unique (project_id, name));

create table metadata_history (           -- every value ever logged; the newest one is in the *_metadata tables
  project_id uuid not null references project on delete cascade, target_id uuid not null, step text not null default '',
  key_id int not null, at timestamptz not null, event_id uuid not null, value jsonb not null,
  primary key (project_id, key_id, target_id, step, event_id));

-- ── pipelines, snapshots, deployments ───────────────────────────────────────────────────────────────────────────
create table pipeline (
  project_id uuid not null references project on delete cascade, id uuid not null, name text not null,
  last_run_number int not null default 0, last_snapshot_number int not null default 0,
  created_at timestamptz not null default now(),
  primary key (project_id, id), unique (project_id, name));

create table snapshot (                   -- immutable: what a run executes. The SDK derives the id from the content
  project_id uuid not null, id uuid not null, pipeline_id uuid not null, number int not null,
  structure_hash bytea not null,          -- of steps and edges alone: the key of the drawn graph
  spec jsonb not null, event_id uuid not null, created_at timestamptz not null,
  primary key (project_id, id), unique (project_id, pipeline_id, number),
  foreign key (project_id, pipeline_id) references pipeline (project_id, id) on delete cascade);

create table deployment (
  project_id uuid not null references project on delete cascade, id uuid not null, name text not null,
  snapshot_id uuid, url text, status text not null, created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(), created_by uuid,
  primary key (project_id, id), unique (project_id, name));

-- ── runs and steps ──────────────────────────────────────────────────────────────────────────────────────────────
create table run (
  project_id uuid not null references project on delete cascade, id uuid not null,
  -- written by the event that opens the run
  open_event_id uuid, pipeline_id uuid, snapshot_id uuid, number int, name text,
  user_id uuid references app_user on delete set null, stack_id uuid,
  started_at timestamptz, code_version text, code jsonb not null default '{}', environment jsonb not null default '{}',
  parameters jsonb not null default '{}', configuration jsonb not null default '{}',
  -- written by the event that closes it
  close_event_id uuid, ended_at timestamptz, failure jsonb,
  status text not null default 'queued',  -- queued running completed failed cached cancelled
  heartbeat_at timestamptz, created_at timestamptz not null default now(), archived_at timestamptz,
  meta jsonb not null default '{}',       -- what is shown: {"<step>": {"<key>": value}}, step '' is the run itself; run_metadata is searched
  primary key (project_id, id),
  foreign key (project_id, pipeline_id) references pipeline (project_id, id) on delete cascade);
create unique index run_number on run (project_id, pipeline_id, number);
create index run_pipeline on run (project_id, pipeline_id, id);
create index run_status on run (project_id, status, id);
create index run_started on run (project_id, started_at, id);
create index run_name on run using gin (project_id, name gin_trgm_ops);   -- the tenant inside: counts 2 to 4 times faster

create table run_tag (
  project_id uuid not null, tag_id uuid not null, run_id uuid not null,
  primary key (project_id, tag_id, run_id),
  foreign key (project_id, tag_id) references tag (project_id, id) on delete cascade,
  foreign key (project_id, run_id) references run (project_id, id) on delete cascade);
create index run_tag_run on run_tag (project_id, run_id);

create table run_metadata (               -- step '' is the run itself; bool also as num 1 and 0; instant and duration in seconds
  project_id uuid not null, run_id uuid not null, step text not null default '', key_id int not null,
  kind text not null,                     -- number text bool instant duration json
  num float8, text text, at timestamptz not null, event_id uuid not null,
  primary key (project_id, run_id, step, key_id),
  foreign key (project_id, run_id) references run (project_id, id) on delete cascade);
create index run_metadata_num on run_metadata (project_id, key_id, num, run_id) where num is not null;
create index run_metadata_text on run_metadata (project_id, key_id, text, run_id) where text is not null;

create table run_count (                  -- kept by whoever changes a run, in the same transaction: exact facets without counting
  project_id uuid not null, pipeline_id uuid not null, status text not null, runs bigint not null default 0,
  primary key (project_id, pipeline_id, status),
  foreign key (project_id, pipeline_id) references pipeline (project_id, id) on delete cascade);

create table step (                       -- one row a step of a run: its newest attempt, and what all attempts share
  project_id uuid not null, run_id uuid not null, key text not null,
  attempt int not null default 1, status text not null default 'queued',
  started_at timestamptz, ended_at timestamptz,
  cache_key bytea, cached_from_run_id uuid, blocked_by text,
  parameters jsonb not null default '{}', configuration jsonb not null default '{}',
  open_event_id uuid,                     -- of the event that wrote parameters, configuration and cache_key
  primary key (project_id, run_id, key),
  foreign key (project_id, run_id) references run (project_id, id) on delete cascade);
create index step_cache on step (project_id, cache_key) where cache_key is not null and status in ('completed', 'cached');

create table step_attempt (
  project_id uuid not null, run_id uuid not null, step text not null, attempt int not null,
  status text not null default 'queued', started_at timestamptz, ended_at timestamptz, failure jsonb,
  resources jsonb,                        -- {"interval_s", "cpu_percent": […], "memory_bytes": […], …}
  open_event_id uuid, close_event_id uuid,
  primary key (project_id, run_id, step, attempt),
  foreign key (project_id, run_id, step) references step (project_id, run_id, key) on delete cascade);

create table log_chunk (                  -- up to 1,000 lines, compressed; appended, never updated
  project_id uuid not null, run_id uuid not null, step text not null, attempt int not null, first_line int not null,
  lines int not null, first_at timestamptz not null, last_at timestamptz not null,
  worst_level smallint not null,          -- the highest level inside, so that errors are found without reading
  body bytea not null,                    -- zstd of the texts, one a line
  marks bytea not null,                   -- zstd of 9 bytes a line: int64 microseconds since 1970, then stream << 6 | level
  primary key (project_id, run_id, step, attempt, first_line),
  foreign key (project_id, run_id) references run (project_id, id) on delete cascade);
alter table log_chunk alter body set storage external;      -- compressed already
alter table log_chunk alter marks set storage external;

-- ── artifacts ───────────────────────────────────────────────────────────────────────────────────────────────────
create table blob (                       -- a project's right to a stored content; the bytes are shared by digest
  project_id uuid not null references project on delete cascade, sha256 bytea not null, size_bytes bigint not null,
  created_at timestamptz not null default now(),
  primary key (project_id, sha256));

create table artifact (
  project_id uuid not null references project on delete cascade, id uuid not null, name text not null,
  last_number int not null default 0, created_at timestamptz not null default now(),
  primary key (project_id, id), unique (project_id, name));
create index artifact_name on artifact using gin (project_id, name gin_trgm_ops);

create table artifact_version (
  project_id uuid not null, id uuid not null, artifact_id uuid not null, number int not null, name text,
  type text not null,                     -- data, model, statistics, …: ArtifactType
  data_type text not null, materializer text not null default '',
  run_id uuid, step text, output text,
  files jsonb not null default '[]',      -- [{"path", "sha256", "size_bytes"}]: a tree of blobs …
  uri text,                               -- … or data that stays where it is
  size_bytes bigint not null default 0, meta jsonb not null default '{}',
  created_at timestamptz not null, user_id uuid,
  primary key (project_id, id),
  foreign key (project_id, artifact_id) references artifact (project_id, id) on delete cascade,
  foreign key (project_id, run_id) references run (project_id, id) on delete set null (run_id));
create unique index artifact_version_number on artifact_version (project_id, artifact_id, number);
create unique index artifact_version_name on artifact_version (project_id, artifact_id, name) where name is not null;
create index artifact_version_step on artifact_version (project_id, run_id, step);

create table artifact_version_metadata (
  project_id uuid not null, artifact_version_id uuid not null, key_id int not null,
  kind text not null, num float8, text text, at timestamptz not null, event_id uuid not null,
  primary key (project_id, artifact_version_id, key_id),
  foreign key (project_id, artifact_version_id) references artifact_version (project_id, id) on delete cascade);
create index artifact_version_metadata_num on artifact_version_metadata (project_id, key_id, num, artifact_version_id) where num is not null;

create table visualization (
  project_id uuid not null, id uuid not null, artifact_version_id uuid not null, position int not null,
  kind text not null,                     -- html image csv markdown json table plotly: VisualizationType
  name text not null default '', sha256 bytea not null, size_bytes bigint not null,
  primary key (project_id, id),
  foreign key (project_id, artifact_version_id) references artifact_version (project_id, id) on delete cascade);
create index visualization_version on visualization (project_id, artifact_version_id, position);

create table step_input (                 -- an artifact version that has not arrived yet may be named already: no key to it
  project_id uuid not null, run_id uuid not null, step text not null, input text not null, position int not null default 0,
  artifact_version_id uuid not null,
  primary key (project_id, run_id, step, input, position),
  foreign key (project_id, run_id, step) references step (project_id, run_id, key) on delete cascade);
create index step_input_version on step_input (project_id, artifact_version_id);

create table step_output (                -- what a step wrote, or, when cached, took over from an earlier run
  project_id uuid not null, run_id uuid not null, step text not null, output text not null, position int not null default 0,
  artifact_version_id uuid not null,
  primary key (project_id, run_id, step, output, position),
  foreign key (project_id, run_id, step) references step (project_id, run_id, key) on delete cascade);
create index step_output_version on step_output (project_id, artifact_version_id);

create table artifact_tag (
  project_id uuid not null, tag_id uuid not null, artifact_id uuid not null,
  primary key (project_id, tag_id, artifact_id),
  foreign key (project_id, tag_id) references tag (project_id, id) on delete cascade,
  foreign key (project_id, artifact_id) references artifact (project_id, id) on delete cascade);

create table artifact_version_tag (
  project_id uuid not null, tag_id uuid not null, artifact_version_id uuid not null,
  primary key (project_id, tag_id, artifact_version_id),
  foreign key (project_id, tag_id) references tag (project_id, id) on delete cascade,
  foreign key (project_id, artifact_version_id) references artifact_version (project_id, id) on delete cascade);
create index artifact_version_tag_version on artifact_version_tag (project_id, artifact_version_id);

create table pipeline_tag (
  project_id uuid not null, tag_id uuid not null, pipeline_id uuid not null,
  primary key (project_id, tag_id, pipeline_id),
  foreign key (project_id, tag_id) references tag (project_id, id) on delete cascade,
  foreign key (project_id, pipeline_id) references pipeline (project_id, id) on delete cascade);

-- ── models ──────────────────────────────────────────────────────────────────────────────────────────────────────
create table model (
  project_id uuid not null references project on delete cascade, id uuid not null, name text not null,
  description text not null default '', last_number int not null default 0,
  created_at timestamptz not null default now(),
  primary key (project_id, id), unique (project_id, name));

create table model_version (
  project_id uuid not null, id uuid not null, model_id uuid not null, number int not null, name text,
  description text not null default '', stage text, meta jsonb not null default '{}',
  created_at timestamptz not null, user_id uuid,
  primary key (project_id, id),
  foreign key (project_id, model_id) references model (project_id, id) on delete cascade);
create unique index model_version_number on model_version (project_id, model_id, number);
create unique index model_version_name on model_version (project_id, model_id, name) where name is not null;
create unique index model_version_stage on model_version (project_id, model_id, stage) where stage in ('staging', 'production');

create table model_version_metadata (
  project_id uuid not null, model_version_id uuid not null, key_id int not null,
  kind text not null, num float8, text text, at timestamptz not null, event_id uuid not null,
  primary key (project_id, model_version_id, key_id),
  foreign key (project_id, model_version_id) references model_version (project_id, id) on delete cascade);

create table model_transition (
  project_id uuid not null, id bigint generated always as identity, model_version_id uuid not null,
  from_stage text, to_stage text, at timestamptz not null default now(), user_id uuid, comment text not null default '',
  primary key (project_id, id),
  foreign key (project_id, model_version_id) references model_version (project_id, id) on delete cascade);

create table model_version_artifact (     -- link: data, model, deployment
  project_id uuid not null, model_version_id uuid not null, artifact_version_id uuid not null, link text not null,
  primary key (project_id, model_version_id, artifact_version_id),
  foreign key (project_id, model_version_id) references model_version (project_id, id) on delete cascade,
  foreign key (project_id, artifact_version_id) references artifact_version (project_id, id) on delete cascade);

create table run_model_version (          -- the model version may arrive after the run that names it: no key to it
  project_id uuid not null, run_id uuid not null, model_version_id uuid not null,
  primary key (project_id, run_id, model_version_id),
  foreign key (project_id, run_id) references run (project_id, id) on delete cascade);
create index run_model_version_version on run_model_version (project_id, model_version_id);

create table model_tag (
  project_id uuid not null, tag_id uuid not null, model_id uuid not null,
  primary key (project_id, tag_id, model_id),
  foreign key (project_id, tag_id) references tag (project_id, id) on delete cascade,
  foreign key (project_id, model_id) references model (project_id, id) on delete cascade);

create table model_version_tag (
  project_id uuid not null, tag_id uuid not null, model_version_id uuid not null,
  primary key (project_id, tag_id, model_version_id),
  foreign key (project_id, tag_id) references tag (project_id, id) on delete cascade,
  foreign key (project_id, model_version_id) references model_version (project_id, id) on delete cascade);

-- ── curated tiles, saved views ──────────────────────────────────────────────────────────────────────────────────
create table curated_visualization (      -- a tile: one visualization on exactly one resource
  project_id uuid not null references project on delete cascade, id uuid not null, visualization_id uuid not null,
  on_project_id uuid references project on delete cascade, deployment_id uuid, model_id uuid, pipeline_id uuid,
  run_id uuid, snapshot_id uuid,
  display_name text, display_order int check (display_order >= 0), layout_size text not null default 'full_width',
  version int not null default 1, created_at timestamptz not null default now(), created_by uuid,
  primary key (project_id, id),
  check (num_nonnulls(on_project_id, deployment_id, model_id, pipeline_id, run_id, snapshot_id) = 1),
  foreign key (project_id, visualization_id) references visualization (project_id, id) on delete cascade,
  foreign key (project_id, deployment_id) references deployment (project_id, id) on delete cascade,
  foreign key (project_id, model_id) references model (project_id, id) on delete cascade,
  foreign key (project_id, pipeline_id) references pipeline (project_id, id) on delete cascade,
  foreign key (project_id, run_id) references run (project_id, id) on delete cascade,
  foreign key (project_id, snapshot_id) references snapshot (project_id, id) on delete cascade);
create unique index curated_visualization_once on curated_visualization
  (project_id, coalesce(on_project_id, deployment_id, model_id, pipeline_id, run_id, snapshot_id), visualization_id);
create unique index curated_visualization_order on curated_visualization
  (project_id, coalesce(on_project_id, deployment_id, model_id, pipeline_id, run_id, snapshot_id), display_order)
  where display_order is not null;

create table saved_view (
  project_id uuid not null references project on delete cascade, id uuid not null, page text not null, name text not null,
  query text not null, is_shared boolean not null default false, user_id uuid not null references app_user on delete cascade,
  version int not null default 1, created_at timestamptz not null default now(),
  primary key (project_id, id), unique (project_id, user_id, page, name));

-- ── the outbox of what changed: written in the writer's transaction, read by every process, pruned after a day ───
create table event (
  id bigint generated always as identity primary key, project_id uuid not null, kind text not null, run_id uuid,
  body jsonb not null default '{}', at timestamptz not null default now(), txid xid8 not null default pg_current_xact_id());
create index event_at on event (at);
