-- Functions of Redshift's where DuckDB has another or none. The names are private: `building.macro` calls them, and
-- users cannot, for only the names of `functions.FUNCTIONS` can be called. "refused" ends a statement with a SQLSTATE
-- and Redshift's words (`failures`).
-- A macro's arguments are put into its text, each as often as it stands there; so that calls within calls do not grow
-- beyond all bounds, an argument that is needed more than once becomes the parameter "it" of a lambda.
CREATE MACRO refused(code, said) AS error('REDSHIFT ' || code || ' ' || said);

-- Numbers. A quotient of decimals is one of whole numbers, "up" and "down" being powers of ten, times its "unit".
CREATE MACRO rs_quotient(a, b, up, down, unit) AS
    CAST(CAST(a * up AS HUGEINT) // CAST(b * down AS HUGEINT) AS DECIMAL(38, 0)) * unit;
CREATE MACRO rs_sign(x) AS CAST(sign(x) AS INTEGER);
-- DuckDB takes the power 1/3, which makes 3.0000000000000004 of 27.
CREATE MACRO rs_cbrt(x) AS list_transform([x], LAMBDA it :
    CASE WHEN power(round(cbrt(it)), 3) = it THEN round(cbrt(it)) ELSE cbrt(it) END)[1];
CREATE MACRO rs_trunc(x, places) AS CASE WHEN places >= 0 THEN trunc(x, CAST(places AS INTEGER))
    ELSE trunc(x * power(10, places)) / power(10, places) END;
CREATE MACRO rs_compared(a, b) AS CASE WHEN a < b THEN -1 WHEN a > b THEN 1 WHEN a = b THEN 0 END;
CREATE MACRO rs_to_hex(x) AS lower(to_hex(x));

-- Texts. A limit is one of bytes; an explicit cast cuts off what is longer, but never half a letter.
CREATE MACRO rs_fit(text, most) AS list_transform([text], LAMBDA it :
    CASE WHEN strlen(it) <= most THEN it
    ELSE rs_cut(it, most) END)[1];
CREATE MACRO rs_char(text) AS rtrim(text, ' ');
CREATE MACRO rs_float_text(x) AS regexp_replace(CAST(x AS VARCHAR), '\.0$', '');
CREATE MACRO rs_length(text) AS CAST(length(text) AS INTEGER);
CREATE MACRO rs_bytes(x) AS CAST(octet_length(CASE WHEN typeof(x) = 'BLOB' THEN CAST(x AS BLOB) ELSE encode(CAST(x AS VARCHAR)) END) AS INTEGER);
CREATE MACRO rs_byte_index(part, text) AS CAST(CASE WHEN strpos(text, part) = 0 THEN 0
    ELSE strlen(left(text, strpos(text, part) - 1)) + 1 END AS INTEGER);
CREATE MACRO rs_ascii(text) AS list_transform([text], LAMBDA it :
    CASE WHEN it = '' THEN 0 ELSE unicode(it) END)[1];
-- What would be longer than any VARCHAR is not made. The value itself is refused, and not what is made of it: DuckDB
-- works out constants within a CASE before it looks at its conditions.
CREATE MACRO rs_within(value, size, most) AS CASE WHEN size > most
    THEN refused('22001', 'Result size exceeds the limit of a VARCHAR, ' || most || ' bytes') ELSE value END;
CREATE MACRO rs_varchar(text) AS list_transform([text], LAMBDA it : rs_within(it, strlen(it), 65535))[1];
CREATE MACRO rs_repeat(text, times) AS list_transform([text], LAMBDA it :
    repeat(it, rs_within(greatest(times, 0), strlen(it) * times, 65535)))[1];
CREATE MACRO rs_listed(text) AS list_transform([text], LAMBDA it :
    CASE WHEN strlen(it) > 65535
    THEN refused('22001', 'Result size exceeds LISTAGG limit') ELSE it END)[1];
CREATE MACRO rs_replace(text, part, put) AS list_transform([text], LAMBDA it :
    replace(rs_within(it, strlen(it) + strlen(put)
    * CASE WHEN part = '' THEN 0 ELSE (strlen(it) - strlen(replace(it, part, ''))) // strlen(part) END, 16777216), part, put))[1];
CREATE MACRO rs_lpad(text, width, padding) AS list_transform([text], LAMBDA it :
    CASE WHEN width <= 0 THEN ''
    WHEN padding = '' THEN left(it, width) ELSE lpad(it, CAST(least(width, 65535) AS INTEGER), padding) END)[1];
CREATE MACRO rs_rpad(text, width, padding) AS list_transform([text], LAMBDA it :
    CASE WHEN width <= 0 THEN ''
    WHEN padding = '' THEN left(it, width) ELSE rpad(it, CAST(least(width, 65535) AS INTEGER), padding) END)[1];
CREATE MACRO rs_substring_from(text, start) AS substring(text, greatest(CAST(start AS INTEGER), 1));
CREATE MACRO rs_substring(text, start, count) AS CASE
    WHEN count < 0 THEN refused('22011', 'negative substring length not allowed')
    ELSE substring(text, greatest(CAST(start AS INTEGER), 1), greatest(0, CAST(count AS INTEGER) + least(CAST(start AS INTEGER) - 1, 0))) END;
CREATE MACRO rs_split_part(text, delimiter, part) AS CASE WHEN part <= 0
    THEN refused('22023', 'field position must be greater than zero') ELSE split_part(text, delimiter, CAST(part AS INTEGER)) END;
CREATE MACRO rs_quote_ident(text) AS list_transform([text], LAMBDA it :
    CASE WHEN regexp_full_match(it, '[a-z_][a-z0-9_]*') THEN it
    ELSE '"' || replace(it, '"', '""') || '"' END)[1];
CREATE MACRO rs_quote_literal(text) AS '''' || replace(replace(text, '\', '\\'), '''', '''''') || '''';
CREATE MACRO rs_from_varbyte(bytes, form) AS CASE lower(form) WHEN 'hex' THEN lower(hex(bytes)) WHEN 'base64' THEN to_base64(bytes)
    ELSE decode(bytes) END;
CREATE MACRO rs_to_varbyte(text, form) AS CASE lower(form) WHEN 'hex' THEN unhex(text) WHEN 'base64' THEN from_base64(text)
    ELSE encode(text) END;

-- Texts that are to be values.
CREATE MACRO rs_bad_digit(text) AS refused('22P02', 'Invalid digit, Value ''' ||
    coalesce(nullif(regexp_extract(text, '^\s*[-+]?\d*(.)', 1), ''), ' ') || ''', Pos ' ||
    strlen(regexp_extract(text, '^\s*[-+]?\d*')) || ', Type: Integer');
CREATE MACRO rs_whole_text(text) AS list_transform([text], LAMBDA it :
    CASE WHEN regexp_full_match(it, '\s*[-+]?\d+\s*') THEN trim(it)
    WHEN it IS NOT NULL THEN rs_bad_digit(it) END)[1];
CREATE MACRO rs_whole_text_or_null(text) AS list_transform([text], LAMBDA it :
    CASE WHEN regexp_full_match(it, '\s*[-+]?\d+\s*') THEN trim(it) END)[1];
CREATE MACRO rs_truth_text(text) AS list_transform([text], LAMBDA it :
    CASE WHEN lower(trim(it)) IN ('t', 'true', 'y', 'yes', '1') THEN 'true'
    WHEN lower(trim(it)) IN ('f', 'false', 'n', 'no', '0') THEN 'false' ELSE it END)[1];
CREATE MACRO rs_moment_of_text(text) AS list_transform([text], LAMBDA it :
    CASE WHEN it IS NULL THEN NULL WHEN TRY_CAST(it AS TIMESTAMP) IS NOT NULL THEN it
    WHEN lower(trim(it)) IN ('now', 'today', 'tomorrow', 'yesterday') THEN CAST(CASE lower(trim(it))
        WHEN 'now' THEN rs_now() WHEN 'today' THEN date_trunc('day', rs_now())
        WHEN 'tomorrow' THEN date_trunc('day', rs_now()) + INTERVAL 1 DAY
        ELSE date_trunc('day', rs_now()) - INTERVAL 1 DAY END AS VARCHAR)
    ELSE coalesce(CAST(try_strptime(trim(it), ['%m/%d/%Y', '%m/%d/%Y %H:%M:%S', '%m/%d/%Y %H:%M', '%m-%d-%Y', '%Y%m%d',
        '%Y/%m/%d', '%Y.%m.%d', '%d %b %Y', '%d-%b-%Y', '%b %d, %Y', '%B %d, %Y', '%b-%d-%Y', '%Y-%b-%d', '%m/%d/%y',
        '%b %d,%Y', '%b %d %H:%M:%S %Y', '%Y%m%d %H%M%S']) AS VARCHAR), it) END)[1];
CREATE MACRO rs_date_text(text) AS CAST(left(rs_moment_of_text(text), 10) AS VARCHAR);

-- Patterns. The escape of SIMILAR TO and of POSIX patterns is the backslash; places count from 1.
CREATE MACRO rs_similar(text, pattern) AS regexp_full_match(text, '(?s)' || replace(replace(regexp_replace(regexp_replace(
    pattern, '\\([%_])', '[\1]', 'g'), '([.^$])', '\\\1', 'g'), '%', '.*'), '_', '.'));
CREATE MACRO rs_regexp_count(text, pattern, start) AS list_transform([text], LAMBDA it :
    CAST(CASE WHEN it IS NOT NULL AND pattern IS NOT NULL THEN
    len(regexp_extract_all(substring(it, start), pattern)) END AS INTEGER))[1];
CREATE MACRO rs_regexp_replace(text, pattern, put, start) AS list_transform([text], LAMBDA it :
    left(it, start - 1) || regexp_replace(
    rs_within(substring(it, start), (strlen(it) + 1) * (strlen(put) + 1), 16777216),
    pattern, regexp_replace(put, '\$(\d)', '\\\1', 'g'), 'g'))[1];
CREATE MACRO rs_regexp_substr(text, pattern, start, nth) AS list_transform([text], LAMBDA it :
    CASE WHEN it IS NOT NULL AND pattern IS NOT NULL THEN
    coalesce(regexp_extract_all(substring(it, start), pattern)[nth], '') END)[1];
CREATE MACRO rs_regexp_group(text, pattern, start, nth) AS list_transform([text], LAMBDA it :
    CASE WHEN it IS NOT NULL AND pattern IS NOT NULL THEN
    coalesce(regexp_extract_all(substring(it, start), pattern, 1)[nth], '') END)[1];
CREATE MACRO rs_regexp_before(text, pattern, nth) AS
    regexp_extract_all(text, '(?s)^((?:.*?(?:' || pattern || ')){' || (nth - 1) || '}.*?)(?:' || pattern || ')', 1)[1];
CREATE MACRO rs_regexp_instr(text, pattern, start, nth, behind) AS list_transform([text], LAMBDA it :
    CAST(coalesce(
    length(rs_regexp_before(substring(it, start), pattern, nth)) + start
    + CASE WHEN behind = 1 THEN length(regexp_extract_all(substring(it, start), pattern)[nth]) ELSE 0 END,
    CASE WHEN it IS NOT NULL AND pattern IS NOT NULL THEN 0 END) AS INTEGER))[1];

-- Dates. The moment at which the transaction has begun, in UTC.
CREATE MACRO rs_now() AS timezone('UTC', now());
CREATE MACRO rs_last_day(day) AS last_day(day);
CREATE MACRO rs_is_last(day) AS day = last_day(day);
CREATE MACRO rs_months_between(later, earlier) AS
    (year(later) - year(earlier)) * 12 + month(later) - month(earlier)
    + CASE WHEN day(later) = day(earlier) OR (rs_is_last(later) AND rs_is_last(earlier)) THEN 0::DOUBLE
        ELSE (day(later) - day(earlier)) / 31::DOUBLE END;
CREATE MACRO rs_add_months(moment, months) AS CASE WHEN rs_is_last(CAST(moment AS DATE))
    THEN CAST(last_day(CAST(moment AS DATE) + to_months(months)) AS TIMESTAMP) + (moment - date_trunc('day', moment))
    ELSE moment + to_months(months) END;
CREATE MACRO rs_day_number(name) AS CASE lower(left(name, 2)) WHEN 'su' THEN 0 WHEN 'mo' THEN 1 WHEN 'tu' THEN 2 WHEN 'we' THEN 3
    WHEN 'th' THEN 4 WHEN 'fr' THEN 5 WHEN 'sa' THEN 6 WHEN 'm' THEN 1 WHEN 'w' THEN 3 WHEN 'f' THEN 5
    ELSE refused('22023', 'Invalid day name: ' || name) END;
CREATE MACRO rs_next_day(day, name) AS day + CAST((rs_day_number(name) - dayofweek(day) + 6) % 7 + 1 AS INTEGER);

-- Documents. A SUPER is JSON; a text in it is compared without its quotes, and JSON's null is NULL to SQL.
CREATE MACRO rs_super_text(j) AS list_transform([j], LAMBDA it :
    CASE WHEN json_type(it) = 'VARCHAR' THEN it ->> '$' END)[1];
CREATE MACRO rs_super_number(j) AS list_transform([j], LAMBDA it :
    CASE WHEN json_type(it) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN CAST(it ->> '$' AS DOUBLE) END)[1];
CREATE MACRO rs_super_truth(j) AS list_transform([j], LAMBDA it :
    CASE WHEN json_type(it) = 'BOOLEAN' THEN CAST(it ->> '$' AS BOOLEAN) END)[1];
CREATE MACRO rs_super_written(j) AS list_transform([j], LAMBDA it :
    CASE WHEN json_type(it) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL ELSE it ->> '$' END)[1];
CREATE MACRO rs_super_of_number(x) AS CAST(regexp_replace(CAST(x AS VARCHAR), '\.0$', '') AS JSON);
CREATE MACRO rs_items(j) AS list_transform([j], LAMBDA it :
    CASE WHEN json_type(it) = 'ARRAY' THEN CAST(it AS JSON[]) WHEN it IS NULL THEN CAST([] AS JSON[]) ELSE [it] END)[1];
CREATE MACRO rs_members(j) AS list_transform([j], LAMBDA it :
    list_transform(json_keys(it), LAMBDA k : json_extract(it, '$."' || k || '"')))[1];
CREATE MACRO rs_is_array(j) AS json_type(j) = 'ARRAY';
CREATE MACRO rs_is_object(j) AS json_type(j) = 'OBJECT';
CREATE MACRO rs_is_scalar(j) AS json_type(j) NOT IN ('ARRAY', 'OBJECT', 'NULL');
CREATE MACRO rs_is_bigint(j) AS json_type(j) IN ('BIGINT', 'UBIGINT');
CREATE MACRO rs_is_integer(j) AS rs_is_bigint(j) AND CAST(j ->> '$' AS DOUBLE) BETWEEN -2147483648 AND 2147483647;
CREATE MACRO rs_is_smallint(j) AS rs_is_bigint(j) AND CAST(j ->> '$' AS DOUBLE) BETWEEN -32768 AND 32767;
CREATE MACRO rs_is_decimal(j) AS json_type(j) IN ('BIGINT', 'UBIGINT', 'DOUBLE') AND CAST(j AS VARCHAR) NOT LIKE '%e%';
CREATE MACRO rs_is_float(j) AS json_type(j) = 'DOUBLE' AND CAST(j AS VARCHAR) LIKE '%e%';
CREATE MACRO rs_is_varchar(j) AS json_type(j) = 'VARCHAR';
CREATE MACRO rs_is_char(j) AS json_type(j) = 'VARCHAR';
CREATE MACRO rs_is_boolean(j) AS json_type(j) = 'BOOLEAN';
CREATE MACRO rs_json_typeof(j) AS CASE json_type(j) WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'object' WHEN 'VARCHAR' THEN 'string'
    WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' WHEN 'BIGINT' THEN 'number' WHEN 'UBIGINT' THEN 'number'
    WHEN 'DOUBLE' THEN 'number' END;
CREATE MACRO rs_json_size(j) AS CAST(strlen(CAST(j AS VARCHAR)) AS INTEGER);
CREATE MACRO rs_json_serialize(j) AS CAST(j AS VARCHAR);
CREATE MACRO rs_compact(text) AS json(text);
CREATE MACRO rs_json_parse(text) AS list_transform([text], LAMBDA it :
    CASE WHEN json_valid(it) THEN rs_compact(it)
    WHEN it IS NOT NULL THEN refused('22P02', 'JSON parsing error: "' || it || '" is no JSON document') END)[1];
CREATE MACRO rs_can_json_parse(text) AS json_valid(text);
CREATE MACRO rs_is_valid_json(text) AS CASE WHEN text IS NOT NULL THEN json_valid(text) AND json_type(text) IN ('OBJECT', 'NULL') END;
CREATE MACRO rs_is_valid_json_array(text) AS CASE WHEN text IS NOT NULL THEN json_valid(text) AND json_type(text) = 'ARRAY' END;
CREATE MACRO rs_array_concat(a, b) AS CAST(to_json(list_concat(rs_items(a), rs_items(b))) AS JSON);
CREATE MACRO rs_array_flatten(a) AS CAST(to_json(flatten(list_transform(rs_items(a), LAMBDA e : rs_items(e)))) AS JSON);
CREATE MACRO rs_get_array_length(a) AS list_transform([a], LAMBDA it :
    CAST(CASE WHEN json_type(it) = 'ARRAY' THEN json_array_length(it) END AS INTEGER))[1];
CREATE MACRO rs_subarray_from(a, start) AS CAST(to_json(rs_items(a)[CAST(start AS INTEGER) + 1 :]) AS JSON);
CREATE MACRO rs_subarray(a, start, count) AS CAST(to_json(rs_items(a)[CAST(start AS INTEGER) + 1 : CAST(start + count AS INTEGER)]) AS JSON);
CREATE MACRO rs_split_to_array(text, delimiter) AS CAST(to_json(string_split(text, delimiter)) AS JSON);

-- JSON in texts: what is not there is NULL; so is what is no JSON, if that is wanted.
CREATE MACRO rs_json_checked(text, lenient) AS list_transform([text], LAMBDA it :
    CASE WHEN json_valid(it) THEN CAST(it AS JSON)
    WHEN it IS NULL OR lenient THEN NULL
    ELSE refused('22P02', 'JSON parsing error: invalid JSON object ' || it) END)[1];
CREATE MACRO rs_json_member(j, step) AS list_transform([j], LAMBDA it :
    CASE WHEN json_type(it) = 'OBJECT' THEN json_extract(it, '$."' || step || '"')
    WHEN json_type(it) = 'ARRAY' THEN json_extract(it, TRY_CAST(step AS BIGINT)) END)[1];
CREATE MACRO rs_json_element(j, place) AS list_transform([j], LAMBDA it :
    CASE WHEN json_type(it) <> 'ARRAY'
    THEN refused('22P02', 'JSON parsing error: invalid JSON array ' || CAST(it AS VARCHAR))
    WHEN place >= 0 THEN json_extract(it, place) END)[1];
CREATE MACRO rs_json_text(j) AS list_transform([j], LAMBDA it :
    CASE WHEN json_type(it) = 'NULL' THEN NULL ELSE it ->> '$' END)[1];
CREATE MACRO rs_json_array_length(j) AS list_transform([j], LAMBDA it :
    CAST(CASE WHEN json_type(it) = 'ARRAY' THEN json_array_length(it)
    WHEN it IS NOT NULL THEN refused('22P02', 'JSON parsing error: invalid JSON array ' || CAST(it AS VARCHAR)) END AS INTEGER))[1];
