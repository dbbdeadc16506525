-- What a pipeline that tells changes knows of the messages that it has read: for it to see what is different the next time.
CREATE TABLE mailmill.change_cursor (
  pipeline_id bigint NOT NULL,
  epoch_id bigint NOT NULL,
  -- HIGHESTMODSEQ up to which everything is known; null where the server has none.
  modseq bigint,
  round bigint NOT NULL,
  PRIMARY KEY (pipeline_id, epoch_id),
  FOREIGN KEY (pipeline_id, epoch_id) REFERENCES mailmill.cursor ON DELETE CASCADE
);
CREATE TABLE mailmill.change_state (
  pipeline_id bigint NOT NULL,
  epoch_id bigint NOT NULL,
  uid bigint NOT NULL,
  message_id uuid NOT NULL,
  -- Sorted, with a space between them.
  flags text NOT NULL,
  -- How often its flags were told.
  version integer NOT NULL DEFAULT 0,
  -- Not listed any more; told when it has not turned up elsewhere by the next look.
  missing boolean NOT NULL DEFAULT false,
  PRIMARY KEY (pipeline_id, epoch_id, uid),
  FOREIGN KEY (pipeline_id, epoch_id) REFERENCES mailmill.cursor ON DELETE CASCADE
);
