-- Runs that re-read: full loads, replays, backfills and dry runs.
-- 'Executing' is a run that a process of its own works on: workers of the version before end what is 'Running' themselves.
ALTER TABLE mailmill.run
  DROP CONSTRAINT run_state_check,
  ADD CONSTRAINT run_state_check CHECK (state IN ('Running', 'Executing', 'Succeeded', 'Failed', 'Cancelled')),
  ADD COLUMN plan jsonb,
  -- Of what it writes; never given twice in a pipeline.
  ADD COLUMN edition integer,
  ADD COLUMN total bigint,
  ADD COLUMN done bigint NOT NULL DEFAULT 0,
  ADD COLUMN removed bigint NOT NULL DEFAULT 0,
  ADD COLUMN missing bigint NOT NULL DEFAULT 0,
  ADD COLUMN diff jsonb;

-- The right to execute such runs of a pipeline; beside the leases of those who read its mail.
CREATE TABLE mailmill.run_lease (
  pipeline_id bigint PRIMARY KEY REFERENCES mailmill.pipeline ON DELETE CASCADE,
  token bigint NOT NULL DEFAULT 0,
  worker_id uuid,
  acquired_at timestamptz
);

-- What a run has finished of an epoch.
CREATE TABLE mailmill.run_cursor (
  pipeline_id bigint NOT NULL,
  run text NOT NULL,
  spec_hash text NOT NULL,
  epoch_id bigint NOT NULL REFERENCES mailmill.epoch ON DELETE CASCADE,
  finished int8multirange NOT NULL DEFAULT '{}',
  PRIMARY KEY (pipeline_id, run, spec_hash, epoch_id),
  FOREIGN KEY (pipeline_id, run, spec_hash) REFERENCES mailmill.run ON DELETE CASCADE
);

-- Revisions as workers had them, to tell later what one of them made of a message. They name Secrets and hold none.
CREATE TABLE mailmill.revision (
  pipeline_id bigint NOT NULL REFERENCES mailmill.pipeline ON DELETE CASCADE,
  hash text NOT NULL,
  spec jsonb NOT NULL,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline_id, hash)
);
