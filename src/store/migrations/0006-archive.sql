-- Raw mail of a source, kept once. Its bytes are in segments (src/sources/archive/segment.ts), written whole before the transaction that tells of
-- them; a frame is one message's bytes in a segment, and kept_message.frame_id names it.
CREATE TABLE mailmill.archive (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace text NOT NULL,
  source text NOT NULL,
  UNIQUE (namespace, source)
);

-- `Writing`: nobody refers to it yet. `Orphan`: nobody ever will, or nobody does any more; its bytes go, and then its row.
CREATE TABLE mailmill.archive_segment (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  archive_id bigint NOT NULL REFERENCES mailmill.archive ON DELETE CASCADE,
  name text NOT NULL,
  state text NOT NULL CHECK (state IN ('Writing', 'Sealed', 'Orphan')),
  bytes bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (archive_id, name)
);

CREATE TABLE mailmill.archive_frame (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  archive_id bigint NOT NULL,
  segment_id bigint NOT NULL REFERENCES mailmill.archive_segment ON DELETE CASCADE,
  -- Of its header in the segment, and bytes with it.
  position bigint NOT NULL,
  length bigint NOT NULL,
  raw_sha256 bytea NOT NULL,
  -- When a person said that it must not go.
  held_at timestamptz,
  UNIQUE (archive_id, raw_sha256)
);
CREATE INDEX archive_frame_segment ON mailmill.archive_frame (segment_id);
CREATE INDEX kept_message_frame ON mailmill.kept_message (frame_id) WHERE frame_id IS NOT NULL;

-- Segments of archives that are in this database. Uncompressed by PostgreSQL, so that a frame is read without the rest.
CREATE TABLE mailmill.archive_bytes (
  archive_id bigint NOT NULL REFERENCES mailmill.archive ON DELETE CASCADE,
  name text NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now(),
  bytes bytea NOT NULL,
  PRIMARY KEY (archive_id, name)
);
ALTER TABLE mailmill.archive_bytes ALTER COLUMN bytes SET STORAGE EXTERNAL;
