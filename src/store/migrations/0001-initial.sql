-- Everything the platform remembers, in one schema. Small tables name things once (pipeline, account, folder, epoch)
-- so that the large ones stay narrow. Tables that grow with time are partitioned by the day of recording.

CREATE TABLE mailmill.meta (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO mailmill.meta DEFAULT VALUES;

CREATE TABLE mailmill.pipeline (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace text NOT NULL,
  name text NOT NULL,
  retention interval NOT NULL DEFAULT '90 days',
  UNIQUE (namespace, name)
);

CREATE TABLE mailmill.account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace text NOT NULL,
  source text NOT NULL,
  name text NOT NULL,
  UNIQUE (namespace, source, name)
);

CREATE TABLE mailmill.folder (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES mailmill.account ON DELETE CASCADE,
  name text NOT NULL,
  UNIQUE (account_id, name)
);

-- The life of one UIDVALIDITY. Retired: the folder has a newer one, or is not listed any more.
CREATE TABLE mailmill.epoch (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  folder_id bigint NOT NULL REFERENCES mailmill.folder ON DELETE CASCADE,
  uidvalidity bigint NOT NULL,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz,
  UNIQUE (folder_id, uidvalidity)
);

-- Where a message was seen; freezes its identity. Belongs to the source and is kept for ever.
-- A foreign key would look its epoch up for each row, a fifth of a commit's time, although every commit holds the epoch anyway.
CREATE TABLE mailmill.occurrence (
  epoch_id bigint NOT NULL,
  uid bigint NOT NULL,
  message_id uuid NOT NULL,
  raw_sha256 bytea NOT NULL,
  size bigint NOT NULL,
  received_at timestamptz NOT NULL,
  object_id text,
  PRIMARY KEY (epoch_id, uid)
);
CREATE INDEX occurrence_message ON mailmill.occurrence (message_id);
CREATE FUNCTION mailmill.forget_occurrences() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM mailmill.occurrence WHERE epoch_id = OLD.id;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_occurrences AFTER DELETE ON mailmill.epoch FOR EACH ROW EXECUTE FUNCTION mailmill.forget_occurrences();

-- Identity by EMAILID or X-GM-MSGID, which survives moves and new epochs.
CREATE TABLE mailmill.object (
  account_id bigint NOT NULL REFERENCES mailmill.account ON DELETE CASCADE,
  object_id text NOT NULL,
  message_id uuid NOT NULL,
  PRIMARY KEY (account_id, object_id)
);

-- Messages whose every occurrence is in a retired epoch: a later sighting with the same bytes is the same message.
-- One row a message, so that identical mails stay as many as they were.
CREATE TABLE mailmill.orphan (
  account_id bigint NOT NULL REFERENCES mailmill.account ON DELETE CASCADE,
  raw_sha256 bytea NOT NULL,
  message_id uuid NOT NULL,
  epoch_id bigint NOT NULL,
  uid bigint NOT NULL,
  PRIMARY KEY (account_id, raw_sha256, message_id)
);

-- UIDs of sources that have none of their own (Maildir): given in the order of first sight.
CREATE TABLE mailmill.file_uid (
  folder_id bigint NOT NULL REFERENCES mailmill.folder ON DELETE CASCADE,
  key text NOT NULL,
  uid bigint NOT NULL,
  PRIMARY KEY (folder_id, key),
  UNIQUE (folder_id, uid)
);

CREATE TABLE mailmill.worker (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

CREATE TABLE mailmill.lease (
  pipeline_id bigint NOT NULL REFERENCES mailmill.pipeline ON DELETE CASCADE,
  account_id bigint NOT NULL REFERENCES mailmill.account ON DELETE CASCADE,
  token bigint NOT NULL DEFAULT 0,
  worker_id uuid,
  acquired_at timestamptz,
  PRIMARY KEY (pipeline_id, account_id)
);

-- Connections of an account, shared by every pipeline and worker.
CREATE TABLE mailmill.slot (
  account_id bigint NOT NULL REFERENCES mailmill.account ON DELETE CASCADE,
  n integer NOT NULL,
  worker_id uuid,
  holder uuid,
  acquired_at timestamptz,
  PRIMARY KEY (account_id, n)
);
CREATE TABLE mailmill.slot_request (
  account_id bigint NOT NULL REFERENCES mailmill.account ON DELETE CASCADE,
  holder uuid NOT NULL,
  worker_id uuid NOT NULL,
  readiness boolean NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account_id, holder)
);

-- What a pipeline has finished of a folder's epoch.
CREATE TABLE mailmill.cursor (
  pipeline_id bigint NOT NULL REFERENCES mailmill.pipeline ON DELETE CASCADE,
  epoch_id bigint NOT NULL REFERENCES mailmill.epoch ON DELETE CASCADE,
  version bigint NOT NULL DEFAULT 0,
  finished int8multirange NOT NULL DEFAULT '{}',
  -- Older mail is not read, unless its UID is first_uid_next or greater.
  since timestamptz,
  first_uid_next bigint NOT NULL,
  modseq bigint,
  checked_at timestamptz,
  PRIMARY KEY (pipeline_id, epoch_id)
);

CREATE TABLE mailmill.coverage (
  pipeline_id bigint NOT NULL,
  epoch_id bigint NOT NULL,
  version bigint NOT NULL,
  uids int8range NOT NULL,
  listed integer NOT NULL,
  read integer NOT NULL,
  vanished integer NOT NULL,
  excluded integer NOT NULL,
  known integer NOT NULL,
  dropped integer NOT NULL,
  dead integer NOT NULL,
  worker_id uuid NOT NULL,
  token bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (recorded_at);
CREATE INDEX coverage_cursor ON mailmill.coverage (pipeline_id, epoch_id, version);

CREATE TYPE mailmill.message_state AS ENUM ('JustIn', 'Processed', 'Dropped', 'Dead');
CREATE TYPE mailmill.delivery_status AS ENUM ('Queued', 'Acknowledged', 'Retrying', 'Dead');

-- What a pipeline made of a message. A re-fed message has another row; the newest holds.
CREATE TABLE mailmill.message (
  pipeline_id bigint NOT NULL,
  message_id uuid NOT NULL,
  edition integer NOT NULL,
  state mailmill.message_state NOT NULL,
  step text,
  code text,
  revision text NOT NULL,
  epoch_id bigint NOT NULL,
  uid bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (recorded_at);
CREATE INDEX message_message ON mailmill.message (message_id);

CREATE TABLE mailmill.delivery (
  pipeline_id bigint NOT NULL,
  sink text NOT NULL,
  document_id uuid NOT NULL,
  edition integer NOT NULL,
  status mailmill.delivery_status NOT NULL,
  code text,
  recorded_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (recorded_at);
CREATE INDEX delivery_document ON mailmill.delivery (document_id);

CREATE TABLE mailmill.dead_letter (
  pipeline_id bigint NOT NULL REFERENCES mailmill.pipeline ON DELETE CASCADE,
  message_id uuid NOT NULL,
  edition integer NOT NULL,
  epoch_id bigint NOT NULL,
  uid bigint NOT NULL,
  revision text NOT NULL,
  step text,
  sink text,
  code text NOT NULL,
  detail text NOT NULL,
  size bigint NOT NULL,
  -- gzip; null when the message was too large to keep, then `header` alone is here.
  raw bytea,
  header bytea,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  PRIMARY KEY (pipeline_id, message_id, edition)
);

CREATE TABLE mailmill.run (
  pipeline_id bigint NOT NULL REFERENCES mailmill.pipeline ON DELETE CASCADE,
  name text NOT NULL,
  spec_hash text NOT NULL,
  revision text NOT NULL,
  state text NOT NULL CHECK (state IN ('Running', 'Succeeded', 'Failed')),
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  read bigint NOT NULL DEFAULT 0,
  delivered bigint NOT NULL DEFAULT 0,
  dropped bigint NOT NULL DEFAULT 0,
  dead bigint NOT NULL DEFAULT 0,
  family text,
  code text,
  message text,
  PRIMARY KEY (pipeline_id, name, spec_hash)
);

-- A sink that has been seen, and from which version of each cursor on it takes part.
CREATE TABLE mailmill.sink (
  pipeline_id bigint NOT NULL REFERENCES mailmill.pipeline ON DELETE CASCADE,
  name text NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline_id, name)
);
CREATE TABLE mailmill.sink_baseline (
  pipeline_id bigint NOT NULL,
  sink text NOT NULL,
  epoch_id bigint NOT NULL REFERENCES mailmill.epoch ON DELETE CASCADE,
  version bigint NOT NULL,
  PRIMARY KEY (pipeline_id, sink, epoch_id),
  FOREIGN KEY (pipeline_id, sink) REFERENCES mailmill.sink ON DELETE CASCADE
);

-- Why a pipeline stands still until a person acts or its revision changes.
CREATE TABLE mailmill.stall (
  pipeline_id bigint NOT NULL REFERENCES mailmill.pipeline ON DELETE CASCADE,
  revision text NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  accepted_at timestamptz,
  PRIMARY KEY (pipeline_id, revision)
);

-- Which UIDs a pipeline has read itself, in chunks of 8,192. A cursor's finished ranges do not tell: they also cover what was gone, excluded or
-- never there, and another pipeline may have recorded an occurrence at such a place.
CREATE TABLE mailmill.reading (
  pipeline_id bigint NOT NULL,
  epoch_id bigint NOT NULL,
  chunk bigint NOT NULL,
  uids int8multirange NOT NULL,
  PRIMARY KEY (pipeline_id, epoch_id, chunk),
  FOREIGN KEY (pipeline_id, epoch_id) REFERENCES mailmill.cursor ON DELETE CASCADE
);
