-- Workers that share the accounts of a pipeline: who has asked within the last seconds gets its share of the leases.
CREATE TABLE mailmill.lease_candidate (
  pipeline_id bigint NOT NULL REFERENCES mailmill.pipeline ON DELETE CASCADE,
  worker_id uuid NOT NULL REFERENCES mailmill.worker ON DELETE CASCADE,
  polled_at timestamptz NOT NULL,
  PRIMARY KEY (pipeline_id, worker_id)
);
