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
INSERT INTO mailmill.reading (pipeline_id, epoch_id, chunk, uids)
SELECT c.pipeline_id, c.epoch_id, o.uid >> 13, range_agg(int8range(o.uid, o.uid, '[]'))
  FROM mailmill.cursor c JOIN mailmill.occurrence o ON o.epoch_id = c.epoch_id AND c.finished @> o.uid
 GROUP BY 1, 2, 3;
