-- A decision is stored as a new version of its attempt's row, of some 1,400 bytes with the copies. Three rows filled a page to
-- 60 %, and the version of the third went elsewhere, with an entry in each of the three indexes. Two leave room for all.
ALTER TABLE attempt SET (fillfactor = 50);
