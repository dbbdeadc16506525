-- What comparing the mailboxes of a pipeline with the store has found; the newest 30 are kept.
CREATE TABLE mailmill.reconcile (
  pipeline_id bigint NOT NULL REFERENCES mailmill.pipeline ON DELETE CASCADE,
  name text NOT NULL,
  revision text NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  -- Messages in all, accounts, and how many of those could not be read.
  found jsonb NOT NULL,
  family text,
  code text,
  message text,
  PRIMARY KEY (pipeline_id, name)
);

-- The folders of the newest one.
CREATE TABLE mailmill.reconcile_folder (
  pipeline_id bigint NOT NULL,
  name text NOT NULL,
  account_id bigint NOT NULL REFERENCES mailmill.account ON DELETE CASCADE,
  folder text NOT NULL,
  counts jsonb NOT NULL,
  -- The first 20.
  missing_uids bigint[] NOT NULL,
  PRIMARY KEY (pipeline_id, name, account_id, folder),
  FOREIGN KEY (pipeline_id, name) REFERENCES mailmill.reconcile ON DELETE CASCADE
);
