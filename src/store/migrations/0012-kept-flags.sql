-- Flags that an archived message had when it was read, with a space between them; null: none, or a message that was archived before.
ALTER TABLE mailmill.kept_message ADD COLUMN flags text;
