-- Mail that this store keeps itself, pushed to a listener or archived from a mailbox, so that pipelines read it with cursors as they read
-- IMAP. A folder of it has an epoch and positions (UIDs) that only grow. The transaction that adds mail gives them under the lock of the
-- folder's row: whoever sees a position sees every one below it, and none below it can appear later.
CREATE TABLE mailmill.kept_folder (
  folder_id bigint PRIMARY KEY REFERENCES mailmill.folder ON DELETE CASCADE,
  epoch_id bigint NOT NULL REFERENCES mailmill.epoch ON DELETE CASCADE,
  next_uid bigint NOT NULL DEFAULT 1,
  -- Messages that can be read now, and what those in kept_bytes take, compressed.
  messages bigint NOT NULL DEFAULT 0,
  inline_bytes bigint NOT NULL DEFAULT 0
);

-- A message can be read while it has bytes_uid (kept_bytes) or frame_id (an archive). What is left of it then remembers its key.
-- Without foreign keys: they would look the folder up for each row, which the writer holds anyway.
CREATE TABLE mailmill.kept_message (
  folder_id bigint NOT NULL,
  uid bigint NOT NULL,
  -- SHA-256 of what makes a second delivery the same one.
  key bytea NOT NULL,
  -- Of the whole message: prefix and bytes.
  raw_sha256 bytea NOT NULL,
  size bigint NOT NULL,
  received_at timestamptz NOT NULL,
  kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Message-ID without angle brackets, for searches.
  header_id text,
  -- Header fields that were added at the door (Return-Path, Received); they stand before the bytes.
  prefix bytea,
  bytes_uid bigint,
  frame_id bigint,
  -- How it came: MAIL FROM, RCPT TO, client, TLS.
  envelope jsonb,
  -- Where an archived message was first seen.
  origin_epoch_id bigint,
  origin_uid bigint,
  object_id text,
  PRIMARY KEY (folder_id, uid)
);
CREATE INDEX kept_message_key ON mailmill.kept_message (folder_id, key);
CREATE INDEX kept_message_header_id ON mailmill.kept_message (folder_id, header_id);
CREATE INDEX kept_message_bytes ON mailmill.kept_message (folder_id, bytes_uid) WHERE bytes_uid IS NOT NULL;

-- Raw mail, zstd. `uid` is the first message that it belongs to; copies of one message for several recipients share it.
CREATE TABLE mailmill.kept_bytes (
  folder_id bigint NOT NULL,
  uid bigint NOT NULL,
  zstd bytea NOT NULL,
  PRIMARY KEY (folder_id, uid)
);
ALTER TABLE mailmill.kept_bytes ALTER COLUMN zstd SET STORAGE EXTERNAL;

CREATE FUNCTION mailmill.forget_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM mailmill.kept_message WHERE folder_id = OLD.folder_id;
  DELETE FROM mailmill.kept_bytes WHERE folder_id = OLD.folder_id;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_kept AFTER DELETE ON mailmill.kept_folder FOR EACH ROW EXECUTE FUNCTION mailmill.forget_kept();
