-- What sinks that do not commit with the store are still to receive. One row a delivery; it goes when the receiver has acknowledged it, and
-- stays when it is Dead, until a person retries or resolves it. Without foreign keys: they would look the pipeline up for each row.
CREATE TABLE mailmill.outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pipeline_id bigint NOT NULL,
  sink text NOT NULL,
  document_id uuid NOT NULL,
  edition integer NOT NULL,
  -- Queued, Retrying or Dead; what was acknowledged stands in mailmill.delivery.
  status mailmill.delivery_status NOT NULL DEFAULT 'Queued',
  -- Tries, and those of them that count against the sink's retry.attempts.
  attempts integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  code text,
  detail text,
  -- Of the payload as it is kept.
  bytes bigint NOT NULL,
  queued_at timestamptz NOT NULL DEFAULT now(),
  next_at timestamptz NOT NULL DEFAULT now(),
  -- The worker that sends it now; counts while that worker is alive.
  claimed_by uuid,
  -- A newer edition takes the place of an older one that was not sent.
  UNIQUE (pipeline_id, document_id, sink)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
CREATE INDEX outbox_due ON mailmill.outbox (pipeline_id, sink, next_at, id) WHERE status <> 'Dead';

-- The bytes to send, zstd, once for all sinks of a pipeline: `json` is the document, `raw` the message as it was received.
CREATE TABLE mailmill.outbox_payload (
  pipeline_id bigint NOT NULL,
  document_id uuid NOT NULL,
  edition integer NOT NULL,
  source text NOT NULL,
  account text NOT NULL,
  folder text NOT NULL,
  received_at timestamptz NOT NULL,
  -- Of the message, before compression.
  size bigint NOT NULL,
  json bytea,
  raw bytea,
  queued_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (pipeline_id, document_id, edition)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000);
ALTER TABLE mailmill.outbox_payload ALTER COLUMN json SET STORAGE EXTERNAL, ALTER COLUMN raw SET STORAGE EXTERNAL;
