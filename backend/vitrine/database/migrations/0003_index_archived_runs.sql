-- The list counts by run_count less the archived runs, so that it need not count the others.
create index run_archived on run (project_id, id) where archived_at is not null;
