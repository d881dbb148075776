-- Events arrive in any order. What is mentioned before it is described has a row with nothing but its id, as runs do:
-- artifact_id, and model_id, are null until then. Joins to artifact and model pass over such rows.
alter table artifact_version
  alter column artifact_id drop not null, alter column number drop not null, alter column type drop not null,
  alter column data_type drop not null, alter column created_at drop not null,
  add constraint artifact_version_described check (num_nonnulls(artifact_id, number, type, data_type, created_at) in (0, 5));
alter table model_version
  alter column model_id drop not null, alter column number drop not null, alter column created_at drop not null,
  add column event_id uuid,                 -- of the event that wrote the description
  add constraint model_version_described check (num_nonnulls(model_id, number, created_at) in (0, 3));
-- The event that listed the artifact versions of this input or output; the greater one's list replaces another.
-- Null where the artifact version itself says which output it is: any list replaces that.
alter table step_input add column event_id uuid;
alter table step_output add column event_id uuid;
