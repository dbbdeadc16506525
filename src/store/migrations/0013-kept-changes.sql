-- What happened to archived messages later, as the collector of their source noticed it. Positions are given under the lock of the folder's
-- row, as those of messages are: a reader's cursor (change_cursor.modseq) never passes one that could still appear.
ALTER TABLE mailmill.kept_folder ADD COLUMN next_change bigint NOT NULL DEFAULT 1;
CREATE TABLE mailmill.kept_change (
  -- Of the archive, by the name of the mailbox's folder in which it happened.
  folder_id bigint NOT NULL REFERENCES mailmill.kept_folder ON DELETE CASCADE,
  position bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('flags', 'expunge', 'move')),
  message_id uuid NOT NULL,
  -- Where the archive has the message; nobody is told before the message itself was read there.
  kept_epoch_id bigint NOT NULL,
  kept_uid bigint NOT NULL,
  -- Its UID in the mailbox's folder.
  uid bigint NOT NULL,
  -- Sorted, with a space between them.
  flags text NOT NULL,
  to_folder text,
  noticed_at timestamptz NOT NULL,
  PRIMARY KEY (folder_id, position)
);

-- It was told that the message is not there any more, or nobody was to be told: it is known, and never asked for again.
ALTER TABLE mailmill.change_state ADD COLUMN gone boolean NOT NULL DEFAULT false;
