-- The first 64 bits of SHA-256 of the Message-ID, to find a message by when nobody else has it any more; 0: it has none. Null: its header could not
-- be read, or a version recorded it that did not keep this. Without an index: one would cost each message more than all that is written of it here,
-- and a scan of ten million rows takes a second or two.
ALTER TABLE mailmill.message ADD COLUMN header_id_hash bigint;
