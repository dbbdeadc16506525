-- Every message of the epoch that has an object id is known by it: the server had them from the first sight, or they were learned later.
ALTER TABLE mailmill.epoch ADD COLUMN object_ids boolean;
