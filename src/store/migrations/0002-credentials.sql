-- Refresh tokens that a provider has replaced, sealed under a key that is not in this database. A row belongs to one value of the
-- Secret: another value has another row, or none, so a changed Secret wins and two workers with different values do not mix them up.
CREATE TABLE mailmill.credential (
  namespace text NOT NULL,
  source text NOT NULL,
  account text NOT NULL,
  secret_hash bytea NOT NULL,
  -- Null: the Secret's own value still holds.
  sealed bytea,
  -- Whoever renews the token now: a refresh token may be good for one use.
  holder uuid,
  held_until timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (namespace, source, account, secret_hash)
);
