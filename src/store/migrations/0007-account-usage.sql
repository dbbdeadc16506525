-- What was fetched from an account on a day (UTC), by all pipelines and workers; reserved ahead.
CREATE TABLE mailmill.account_usage (
  account_id bigint NOT NULL REFERENCES mailmill.account ON DELETE CASCADE,
  day date NOT NULL,
  bytes bigint NOT NULL,
  messages bigint NOT NULL,
  PRIMARY KEY (account_id, day)
);
