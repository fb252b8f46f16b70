-- Who is mentioned where, to count what a member has not read. The author of a
-- message is never among them. The message itself tells the same by its html.
CREATE TABLE mentions (
    user_id    bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    room_id    bigint NOT NULL,
    seq        bigint NOT NULL,
    message_id bigint NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, room_id, seq)
);
CREATE INDEX mentions_message_id_idx ON mentions (message_id);

-- What is the same to who searches: case, accents and compatibility forms gone, as
-- markup.Query does it. Not STRICT: strict functions are not inlined.
CREATE FUNCTION search_fold(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN octet_length(t) = char_length(t) THEN lower(t)
        ELSE normalize(translate(lower(regexp_replace(normalize(t, NFKD), U&'[\0300-\036F]', '', 'g')), 'ς', 'σ'), NFC) END;

-- The LIKE pattern of texts that hold a word, in which nothing is a wildcard.
CREATE FUNCTION search_pattern(word text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '%' || replace(replace(replace(search_fold(word), '\', '\\'), '%', '\%'), '_', '\_') || '%';

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- On a database with messages this takes a minute or two a million, in which nobody
-- can send. New entries wait in a list (fastupdate) that is worked in now and then:
-- without it every send is several times slower, and how long the list is makes no
-- difference that could be measured.
CREATE INDEX messages_search_idx ON messages USING gin (search_fold(text) gin_trgm_ops)
    WHERE kind = 'text' AND deleted_at IS NULL;

-- The newest messages of some rooms: what trigrams cannot find is looked for there.
CREATE INDEX messages_room_id_id_idx ON messages (room_id, id);
