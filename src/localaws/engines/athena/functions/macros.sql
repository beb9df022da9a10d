-- What Trino has and DuckDB has not, or has with another meaning. A macro that stands for Trino's function f is trino_f.

-- Printing
CREATE MACRO interval_text(x) AS CASE WHEN epoch_ms(x) < 0 THEN '-' ELSE '' END
    || CAST(abs(epoch_ms(x)) // 86400000 AS VARCHAR) || ' '
    || strftime(TIMESTAMP '1970-01-01' + to_milliseconds(abs(epoch_ms(x))), '%H:%M:%S.%g');
CREATE MACRO months_of(x) AS year(x) * 12 + month(x);
CREATE MACRO months_text(x) AS CASE WHEN months_of(x) < 0 THEN '-' ELSE '' END
    || CAST(abs(months_of(x)) // 12 AS VARCHAR) || '-' || CAST(abs(months_of(x)) % 12 AS VARCHAR);

-- Failing: a cast that cannot succeed carries the message, so that try() may catch it. The type is that of the sample.
CREATE MACRO failing(sample, code, message) AS [sample][CAST('ATHENA ' || code || ': ' || message AS BIGINT)];

-- Casts
CREATE MACRO scientific(s, x) AS CASE
    WHEN contains(s, 'e') THEN java_positive(s, x)
    WHEN x >= 1 THEN java_scientific(CASE WHEN rtrim(replace(s, '.', ''), '0') = '' THEN '0' ELSE rtrim(replace(s, '.', ''), '0') END, len(split_part(s, '.', 1)) - 1)
    ELSE java_scientific(ltrim(replace(s, '.', ''), '0'), -(len(s) - 1 - len(ltrim(replace(s, '.', ''), '0')))) END;
CREATE MACRO trino_double_text(number) AS list_transform([{'x': number, 's': CAST(abs(number) AS VARCHAR)}], LAMBDA v : CASE
    WHEN v.s = 'nan' THEN 'NaN'
    WHEN v.s = 'inf' THEN CASE WHEN v.x > 0 THEN 'Infinity' ELSE '-Infinity' END
    WHEN v.x = 0 THEN '0.0E0'
    ELSE CASE WHEN v.x < 0 THEN '-' ELSE '' END || scientific(v.s, abs(v.x)) END)[1];
CREATE MACRO uncastable(message) AS 'ATHENA INVALID_CAST_ARGUMENT: ' || message;
CREATE MACRO integral_text(text, type) AS list_transform([text], LAMBDA s :
    CASE WHEN regexp_full_match(s, '[+-]?[0-9]+') THEN s ELSE uncastable('Cannot cast ''' || s || ''' to ' || type) END)[1];
CREATE MACRO boolean_text(text) AS list_transform([text], LAMBDA s : CASE
    WHEN lower(s) IN ('true', 'false', 't', 'f', '1', '0') THEN s
    ELSE uncastable('Cannot cast ''' || s || ''' to BOOLEAN') END)[1];
CREATE MACRO date_text(text) AS list_transform([text], LAMBDA s : CASE
    WHEN regexp_full_match(s, '\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}\s*') THEN trim(s)
    ELSE uncastable('Value cannot be cast to date: ' || s) END)[1];
CREATE MACRO timestamp_text(text) AS list_transform([text], LAMBDA s : CASE
    WHEN regexp_full_match(s, '\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?( [A-Za-z]\S*| ?(UTC|Z|[+-]\d\d:?\d\d))?\s*')
        THEN regexp_replace(trim(s), '^(\S+ [\d:.]+|\d+-\d+-\d+) ?[A-Za-z+-].*$', '\1')
    ELSE uncastable('Value cannot be cast to timestamp: ' || s) END)[1];
CREATE MACRO rounded_moment(t, microseconds) AS list_transform([t + to_microseconds(microseconds // 2)],
    LAMBDA m : m - to_microseconds(((microsecond(m) % microseconds))))[1];
CREATE MACRO text_of_length(s, most, type) AS CASE WHEN length(s) <= most OR s IS NULL THEN s
    ELSE failing(s, 'INVALID_CAST_ARGUMENT', 'Value ' || s || ' cannot be represented as ' || type) END;
CREATE MACRO decimal_quotient(a, b, digits) AS
    CASE WHEN b = 0 THEN CAST(1 // CAST(b AS INTEGER) AS DOUBLE) ELSE round(a / b, digits) END;
CREATE MACRO exact_quotient(a, b) AS (abs(a) * 2 + abs(b)) // (2 * abs(b)) * sign(a) * sign(b);

-- Time zones: a moment with a zone of its own is a struct of the two. Trino goes by the moment alone when it compares,
-- groups, joins and sorts, so the zone is kept as something that is equal to any other zone: its number n as an interval
-- of n months less 30 days for each of them, which is 0 to DuckDB, for whom a month has 30 days.
CREATE TEMP TABLE zones AS SELECT DISTINCT name FROM pg_timezone_names() UNION ALL
    SELECT format('{}{:02d}:{:02d}', sign, hour, minute) FROM (VALUES ('+'), ('-')) s(sign), range(15) h(hour), range(60) m(minute);
CREATE TYPE zone_names AS ENUM (SELECT name FROM zones ORDER BY lower(name));
CREATE TYPE zone_keys AS ENUM (SELECT lower(name) FROM zones ORDER BY lower(name));
DROP TABLE zones;
CREATE MACRO zone_number(zone) AS list_transform([zone], LAMBDA z : CASE
    WHEN z IS NULL THEN NULL WHEN TRY_CAST(lower(z) AS zone_keys) IS NULL
    THEN failing(0, 'INVALID_FUNCTION_ARGUMENT', '''' || z || ''' is not a valid time zone')
    ELSE CAST(enum_code(CAST(lower(z) AS zone_keys)) AS INTEGER) END)[1];
CREATE MACRO zone_mark(zone) AS list_transform([zone_number(zone)], LAMBDA n : to_months(n) - to_days(30 * n))[1];
CREATE MACRO zone_numbered(n) AS enum_range(CAST(NULL AS zone_names))[n + 1];
CREATE MACRO zone_of_mark(mark) AS zone_numbered(year(mark) * 12 + month(mark));
-- A macro writes its arguments out wherever they stand; what is used more than once is therefore held by a lambda, or
-- expressions within expressions would explode.
CREATE MACRO is_offset(zone) AS zone[1] IN ('+', '-');
CREATE MACRO named_zone(zone) AS CASE WHEN is_offset(zone) THEN 'UTC' ELSE zone END;
CREATE MACRO offset_of(zone) AS to_minutes(CASE WHEN is_offset(zone) THEN CAST(zone[1] || '1' AS BIGINT)
    * (CAST(zone[2:3] AS BIGINT) * 60 + coalesce(TRY_CAST(zone[5:6] AS BIGINT), 0)) ELSE 0 END);
CREATE MACRO zone_name(zone) AS list_transform([regexp_replace(zone, '^(?:UTC?|GMT)([+-])', '\1', 'i')], LAMBDA z : CASE
    WHEN upper(z) IN ('Z', 'UTC', 'GMT', '+00:00', '-00:00', '+00', 'ETC/UTC') THEN 'UTC'
    WHEN regexp_full_match(z, '[+-]\d') THEN z[1] || '0' || z[2] || ':00'
    WHEN regexp_full_match(z, '[+-]\d\d') THEN z || ':00'
    WHEN regexp_full_match(z, '[+-]\d{4}') THEN z[:3] || ':' || z[4:]
    ELSE zone_numbered(zone_number(z)) END)[1];
CREATE MACRO clock_in(zone, instant) AS list_transform([{'z': zone, 'i': instant}],
    LAMBDA v : timezone(named_zone(v.z), v.i) + offset_of(v.z))[1];
CREATE MACRO utc_clock(x) AS timezone('UTC', x);
CREATE MACRO zoned(instant, zone) AS list_transform([{'i': instant, 'z': zone_name(zone)}],
    LAMBDA v : CASE WHEN v.i IS NOT NULL AND v.z IS NOT NULL THEN {'$instant': v.i, '$zone': zone_mark(v.z)} END)[1];
CREATE MACRO zoned_in(instant, zone) AS list_transform([instant],
    LAMBDA i : CASE WHEN i IS NOT NULL THEN {'$instant': i, '$zone': zone_mark(zone)} END)[1];
CREATE MACRO zoned_clock(x) AS list_transform([x], LAMBDA v : timezone(named_zone(zone_of_mark(struct_extract(v, '$zone'))),
    struct_extract(v, '$instant')) + offset_of(zone_of_mark(struct_extract(v, '$zone'))))[1];
-- Of the two moments that a clock shows when it is put back, the first.
CREATE MACRO first_moment(clock, zone) AS list_transform([{'c': clock, 'z': zone, 'i': timezone(zone, clock)}],
    LAMBDA v : CASE WHEN timezone(v.z, v.i - INTERVAL 1 HOUR) = v.c THEN v.i - INTERVAL 1 HOUR ELSE v.i END)[1];
CREATE MACRO zoned_at(clock, zone) AS list_transform([{'c': clock, 'z': zone_name(zone)}],
    LAMBDA v : zoned(first_moment(v.c, named_zone(v.z)) - offset_of(v.z), v.z))[1];
CREATE MACRO zoned_text(x, form, kept) AS list_transform([x],
    LAMBDA v : left(strftime(zoned_clock(v), form), kept) || ' ' || zone_of_mark(struct_extract(v, '$zone')))[1];
CREATE MACRO zoned_hour(unit, x) AS list_transform([{'x': x, 'c': zoned_clock(x)}], LAMBDA v :
    zoned(struct_extract(v.x, '$instant') - (v.c - date_trunc(unit, v.c)), zone_of_mark(struct_extract(v.x, '$zone'))))[1];
CREATE MACRO zone_minutes(zone, instant) AS list_transform([{'z': zone, 'i': instant}],
    LAMBDA v : CAST(epoch_ms(clock_in(v.z, v.i)) - epoch_ms(timezone('UTC', v.i)) AS BIGINT) // 60000)[1];
CREATE MACRO interval_part(unit, x) AS CASE unit WHEN 'day' THEN epoch_ms(x) // 86400000
    WHEN 'hour' THEN epoch_ms(x) // 3600000 % 24 WHEN 'minute' THEN epoch_ms(x) // 60000 % 60
    WHEN 'second' THEN epoch_ms(x) // 1000 % 60 WHEN 'millisecond' THEN epoch_ms(x) % 1000
    WHEN 'month' THEN CAST(month(x) AS BIGINT) WHEN 'year' THEN CAST(year(x) AS BIGINT) END;
CREATE MACRO offset_text(minutes) AS list_transform([minutes], LAMBDA m : CASE WHEN m < 0 THEN '-' ELSE '+' END
    || lpad(CAST(abs(m) // 60 AS VARCHAR), 2, '0') || ':' || lpad(CAST(abs(m) % 60 AS VARCHAR), 2, '0'))[1];
CREATE MACRO zone_iso(zone, instant) AS list_transform([{'z': zone, 'i': instant}],
    LAMBDA v : CASE WHEN v.z = 'UTC' THEN 'Z' ELSE offset_text(zone_minutes(v.z, v.i)) END)[1];
CREATE MACRO zone_of_offset(hours, minutes) AS offset_text(hours * 60 + minutes);
CREATE MACRO parse_zoned(text) AS list_transform([text], LAMBDA s : CASE
    WHEN regexp_full_match(s, '\s*\d{4,}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?( [A-Za-z]\S*| ?(UTC|Z|[+-]\d\d:?\d\d))?\s*')
    THEN zoned_at(CAST(regexp_extract(s, '^\s*(\S+( [\d:.]+)?)', 1) AS TIMESTAMP),
        coalesce(nullif(regexp_extract(s, '([A-Za-z+]\S*|-\d\d:\d\d)\s*$', 1), ''), 'UTC'))
    ELSE failing(zoned(CAST(NULL AS TIMESTAMPTZ), 'UTC'), 'INVALID_CAST_ARGUMENT',
        'Value cannot be cast to timestamp with time zone: ' || s) END)[1];

-- Texts
CREATE MACRO trino_substr(s, start) AS CASE WHEN start = 0 OR -start > length(s) THEN '' ELSE substr(s, start) END,
    (s, start, count) AS CASE WHEN start = 0 OR -start > length(s) OR count <= 0 THEN '' ELSE substr(s, start, count) END;
CREATE MACRO some_delimiter(d) AS
    CASE WHEN d = '' THEN failing(d, 'INVALID_FUNCTION_ARGUMENT', 'The delimiter may not be the empty string') ELSE d END;
CREATE MACRO trino_split_part(s, delimiter, place) AS CASE
    WHEN place < 1 THEN failing(s, 'INVALID_FUNCTION_ARGUMENT', 'Index must be greater than zero')
    WHEN place <= len(string_split(s, delimiter)) THEN split_part(s, delimiter, place) END;
CREATE MACRO trino_strpos(s, part) AS CAST(strpos(s, part) AS BIGINT),
    (s, part, nth) AS CAST(CASE WHEN nth < 0 AND len(string_split(s, part)) > -nth
        THEN length(array_to_string(string_split(s, part)[:len(string_split(s, part)) + nth], part)) + 1
        WHEN nth > 0 AND len(string_split(s, part)) > nth THEN length(array_to_string(string_split(s, part)[:nth], part)) + 1
        WHEN nth = 0 THEN failing(0, 'INVALID_FUNCTION_ARGUMENT', '''instance'' must be a positive or negative number.')
        WHEN s IS NOT NULL AND part IS NOT NULL THEN 0 END AS BIGINT);
CREATE MACRO trino_version() AS 'Athena engine version 3';
CREATE MACRO trino_substring(s, start) AS trino_substr(s, start), (s, start, count) AS trino_substr(s, start, count);
CREATE MACRO trino_split(s, delimiter) AS
    CASE WHEN s IS NOT NULL AND delimiter IS NOT NULL THEN string_split(s, some_delimiter(delimiter)) END,
    (s, delimiter, most) AS CASE WHEN s IS NULL OR delimiter IS NULL OR most IS NULL THEN NULL
        WHEN most <= 0 THEN failing([s], 'INVALID_FUNCTION_ARGUMENT', 'Limit must be positive')
        WHEN most > 2147483647 THEN failing([s], 'INVALID_FUNCTION_ARGUMENT', 'Limit is too large')
        WHEN len(string_split(s, some_delimiter(delimiter))) <= most THEN string_split(s, delimiter)
        ELSE list_append(string_split(s, delimiter)[:most - 1], array_to_string(string_split(s, delimiter)[most:], delimiter)) END;
-- The first look is cheap, and enough for almost all texts; the second is exact.
CREATE MACRO replacement(s, part, other) AS CASE WHEN strlen(s) * strlen(other) <= 16777216
        OR coalesce((strlen(s) - strlen(replace(s, part, ''))) // nullif(strlen(part), 0) * strlen(other), 0) <= 16777216
    THEN other ELSE failing(other, 'EXCEEDED_LOCAL_MEMORY_LIMIT',
        'a text of more than 16777216 bytes is more than this lab makes by replace') END;
CREATE MACRO trino_replace(s, part) AS replace(s, part, ''),
    (s, part, other) AS replace(s, part, replacement(s, part, other));
CREATE MACRO trino_chr(n) AS chr(CAST(n AS INTEGER));
CREATE MACRO split_failure(s, words) AS failing([s], 'INVALID_FUNCTION_ARGUMENT', words);
CREATE MACRO split_entries(s, between, inside) AS CASE
    WHEN between = '' THEN split_failure(s, 'entryDelimiter is empty')
    WHEN inside = '' THEN split_failure(s, 'keyValueDelimiter is empty')
    WHEN between = inside THEN split_failure(s, 'entryDelimiter and keyValueDelimiter must not be the same')
    ELSE list_transform(string_split(CASE WHEN ends_with(s, between) THEN s[:-length(between) - 1] ELSE s END, between),
        LAMBDA x : CASE WHEN len(string_split(x, inside)) = 2 THEN x ELSE failing(x, 'INVALID_FUNCTION_ARGUMENT',
            'Key-value delimiter must appear exactly once in each entry. Bad input: ''' || x || '''') END) END;
CREATE MACRO split_pairs(s, between, inside) AS list_transform(
    CASE WHEN s = '' THEN CAST([] AS VARCHAR[]) ELSE split_entries(s, between, inside) END,
    LAMBDA x : (split_part(x, inside, 1), split_part(x, inside, 2)));
CREATE MACRO trino_split_to_map(s, between, inside) AS map_from_entries(split_pairs(s, between, inside));
CREATE MACRO trino_bar(x, width) AS repeat('█', CAST(x * width AS BIGINT));

-- Regular expressions
CREATE MACRO trino_regexp_extract(s, pattern, part) AS
    CASE WHEN regexp_matches(s, pattern) THEN regexp_extract(s, pattern, part) END;
CREATE MACRO trino_regexp_extract_all(s, pattern, part) AS regexp_extract_all(s, pattern, part);
CREATE MACRO trino_regexp_split(s, pattern) AS string_split_regex(s, pattern);
CREATE MACRO trino_regexp_count(s, pattern) AS CAST(len(regexp_extract_all(s, pattern)) AS BIGINT);

-- Numbers
CREATE MACRO random_from(low, high) AS floor(random() * (high - low)) + low;
CREATE MACRO random_below(n) AS CASE WHEN n > 0 OR n IS NULL THEN random_from(0, n)
    ELSE failing(0::DOUBLE, 'INVALID_FUNCTION_ARGUMENT', 'bound must be positive') END;
CREATE MACRO random_between(m, n) AS CASE WHEN m < n OR m IS NULL OR n IS NULL THEN random_from(m, n)
    ELSE failing(0::DOUBLE, 'INVALID_FUNCTION_ARGUMENT', 'start value must be less than stop value') END;
CREATE MACRO trino_bit_count(x, bits) AS CAST(CASE WHEN bits >= 64 THEN bit_count(CAST(x AS BIGINT))
    ELSE bit_count(CAST(x AS BIGINT) & CAST(pow(2, least(bits, 62)) - 1 AS BIGINT)) END AS BIGINT);
CREATE MACRO trino_width_bucket(x, bins) AS CAST(len(list_filter(bins, LAMBDA b : b <= x)) AS BIGINT),
    (x, low, high, n) AS CAST(CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1
        ELSE floor((x - low) / ((high - low) / CAST(n AS DOUBLE))) + 1 END AS BIGINT);
CREATE MACRO trino_cbrt(x) AS CASE WHEN pow(round(cbrt(x)), 3) = x THEN round(cbrt(x)) ELSE cbrt(x) END;
CREATE MACRO trino_log(base, x) AS ln(x) / ln(base);
CREATE MACRO trino_nan() AS CAST('nan' AS DOUBLE);
CREATE MACRO trino_infinity() AS CAST('inf' AS DOUBLE);
CREATE MACRO trino_e() AS exp(1::DOUBLE);
CREATE MACRO trino_bitwise_and(a, b) AS CAST(a & b AS BIGINT);
CREATE MACRO trino_bitwise_or(a, b) AS CAST(a | b AS BIGINT);
CREATE MACRO trino_bitwise_xor(a, b) AS CAST(xor(a, b) AS BIGINT);
CREATE MACRO trino_bitwise_not(a) AS CAST(~a AS BIGINT);

-- Dates and times
CREATE MACRO trino_from_unixtime(x) AS to_timestamp(x);
CREATE MACRO trino_to_unixtime(x) AS CAST(epoch_us(x) AS DOUBLE) / 1000000;
CREATE MACRO trino_millisecond(x) AS CAST(millisecond(x) % 1000 AS BIGINT);
CREATE MACRO trino_from_iso8601_date(s) AS CAST(s AS DATE);
CREATE MACRO trino_from_iso8601_timestamp(s) AS
    zoned_at(CAST(regexp_replace(regexp_replace(s, 'T', ' '), '(:\d\d(\.\d+)?)(Z|[+-]\d\d:?\d*)$', '\1') AS TIMESTAMP),
        coalesce(nullif(regexp_extract(s, 'T.*?(Z|[+-]\d\d:?\d*)$', 1), ''), 'UTC'));
CREATE MACRO trino_from_iso8601_timestamp_nanos(s) AS trino_from_iso8601_timestamp(s);
CREATE MACRO trino_from_unixtime_nanos(x) AS make_timestamptz(CAST(x // 1000 AS BIGINT));
CREATE MACRO trino_to_milliseconds(i) AS CAST(epoch(i) * 1000 AS BIGINT);

-- Arrays
CREATE MACRO list_equal(a, b) AS CASE WHEN len(a) <> len(b) THEN false
    ELSE list_all_match(list_transform(list_zip(a, b), LAMBDA pair : struct_extract_at(pair, 1) = struct_extract_at(pair, 2))) END;
CREATE MACRO checked_place(i, size) AS list_transform([{'i': i, 'n': size}], LAMBDA v : CASE
    WHEN v.i IS NULL OR v.n IS NULL OR (v.i >= 1 AND v.i <= v.n) THEN v.i
    ELSE CAST('ATHENA INVALID_FUNCTION_ARGUMENT: ' || CASE WHEN v.i = 0 THEN 'SQL array indices start at 1'
        WHEN v.i < 0 THEN 'Array subscript is negative: ' || v.i
        ELSE 'Array subscript must be less than or equal to array length: ' || v.i || ' > ' || v.n END AS BIGINT) END)[1];
CREATE MACRO array_subscript(a, i) AS a[checked_place(i, len(a))];
CREATE MACRO at_place(holder, place) AS holder[place];
CREATE MACRO array_element_at(a, i) AS a[list_transform([i], LAMBDA place : CASE
    WHEN place = 0 THEN CAST('ATHENA INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1' AS BIGINT) ELSE place END)[1]];
CREATE MACRO held_place(found, key) AS
    CASE WHEN found THEN 1 WHEN found IS NULL THEN NULL
        ELSE CAST('ATHENA INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || key AS BIGINT) END;
-- Not DuckDB's own look-up, which would take two zones of one moment for two keys.
CREATE MACRO map_value(m, k) AS map_values(m)[list_position(map_keys(m), k)];
CREATE MACRO map_subscript(m, k) AS [map_value(m, k)][held_place(
    CASE WHEN m IS NOT NULL AND k IS NOT NULL THEN list_position(map_keys(m), k) IS NOT NULL END, k)];
CREATE MACRO direction(a, b) AS CASE WHEN a <= b THEN 1 ELSE -1 END;
-- A value is built as a whole, before DuckDB counts its memory: so its size is looked at first. Sizes and words are
-- Trino's (MAX_RESULT_ENTRIES, MAX_RESULT_ELEMENTS) but for a text's: Trino's own limit is 2147483647.
CREATE MACRO few(size, most, value, words) AS CASE WHEN size <= most OR size IS NULL THEN value
    ELSE failing(value, 'INVALID_FUNCTION_ARGUMENT', words) END;
CREATE MACRO series_end(size, stop) AS few(size, 9999, stop, 'result of sequence function must not have more than 10000 entries');
CREATE MACRO sequence_of(a, b) AS generate_series(a, series_end(abs(b - a), b), direction(a, b));
CREATE MACRO sequence_by(a, b, step) AS CASE WHEN (b - a) * sign(step) >= 0 AND step <> 0
    THEN generate_series(a, series_end(abs(b - a) // nullif(abs(step), 0), b), step)
    ELSE failing(CAST([a] AS BIGINT[]), 'INVALID_FUNCTION_ARGUMENT', 'sequence stop value should be greater than or '
        || 'equal to start value if step is greater than zero otherwise stop should be less than or equal to start') END;
CREATE MACRO sequence_of_moments(a, b, step) AS
    generate_series(a, series_end(abs(epoch(b) - epoch(a)) / nullif(abs(epoch(step)), 0), b), step);
CREATE MACRO few_choices(a, k) AS few(exp(lgamma(len(a) + 1) - lgamma(k + 1) - lgamma(greatest(len(a) - k, 0) + 1)),
    100000, a, 'combinations exceed max size');
CREATE MACRO padded_length(n) AS CASE WHEN n BETWEEN 0 AND 1048576 OR n IS NULL THEN CAST(n AS INTEGER)
    WHEN n BETWEEN 0 AND 2147483647 THEN CAST('ATHENA EXCEEDED_LOCAL_MEMORY_LIMIT: a text of ' || n
        || ' letters is more than this lab pads (1048576)' AS INTEGER)
    ELSE CAST('ATHENA INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]' AS INTEGER) END;
CREATE MACRO some_padding(padding) AS CASE WHEN padding <> '' THEN padding
    WHEN padding = '' THEN failing(padding, 'INVALID_FUNCTION_ARGUMENT', 'Padding string must not be empty') END;
CREATE MACRO trino_lpad(s, n, padding) AS lpad(s, padded_length(n), some_padding(padding));
CREATE MACRO trino_rpad(s, n, padding) AS rpad(s, padded_length(n), some_padding(padding));
CREATE MACRO trino_contains(a, x) AS
    CASE WHEN list_contains(a, x) THEN true WHEN len(list_filter(a, LAMBDA e : e IS NULL)) > 0 THEN NULL
        ELSE list_contains(a, x) END;
CREATE MACRO trino_array_max(a) AS CASE WHEN len(list_filter(a, LAMBDA e : e IS NULL)) = 0 THEN list_max(a) END;
CREATE MACRO trino_array_min(a) AS CASE WHEN len(list_filter(a, LAMBDA e : e IS NULL)) = 0 THEN list_min(a) END;
CREATE MACRO trino_array_sort(a) AS list_sort(a, 'ASC', 'NULLS LAST');
CREATE MACRO trino_array_distinct(a) AS list_filter(a, LAMBDA x, i : list_position(a, x) = i);
CREATE MACRO trino_array_position(a, x) AS
    CAST(CASE WHEN a IS NULL OR x IS NULL THEN NULL ELSE coalesce(list_position(a, x), 0) END AS BIGINT);
CREATE MACRO trino_array_remove(a, x) AS list_filter(a, LAMBDA e : e IS NULL OR e <> x);
CREATE MACRO trino_array_union(a, b) AS trino_array_distinct(list_concat(a, b));
CREATE MACRO trino_array_intersect(a, b) AS list_filter(trino_array_distinct(a), LAMBDA x : list_position(b, x) IS NOT NULL);
CREATE MACRO trino_array_except(a, b) AS list_filter(trino_array_distinct(a), LAMBDA x : list_position(b, x) IS NULL);
CREATE MACRO trino_repeat(x, n) AS list_transform(range(few(n, 10000, n, 'count argument of repeat function must be less than or equal to 10000')),
    LAMBDA i : x);
CREATE MACRO trino_slice(a, start, count) AS CASE
    WHEN start = 0 THEN failing(a, 'INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1')
    WHEN count < 0 THEN failing(a, 'INVALID_FUNCTION_ARGUMENT', 'length must be greater than or equal to 0')
    WHEN start > 0 THEN list_slice(a, start, start + count - 1)
    WHEN -start > len(a) THEN list_slice(a, 1, 0)
    ELSE list_slice(a, len(a) + start + 1, len(a) + start + count) END;
CREATE MACRO trino_trim_array(a, n) AS CASE
    WHEN n > len(a) THEN failing(a, 'INVALID_FUNCTION_ARGUMENT', 'size must not exceed array cardinality ' || len(a) || ': ' || n)
    WHEN n < 0 THEN failing(a, 'INVALID_FUNCTION_ARGUMENT', 'size must not be negative: ' || n)
    ELSE a[:len(a) - n] END;
CREATE MACRO has_null(a) AS len(list_filter(a, LAMBDA e : e IS NULL)) > 0;
CREATE MACRO trino_arrays_overlap(a, b) AS CASE
    WHEN len(list_filter(a, LAMBDA e : e IS NOT NULL AND list_position(b, e) IS NOT NULL)) > 0 THEN true
    WHEN has_null(a) OR has_null(b) THEN NULL WHEN a IS NOT NULL AND b IS NOT NULL THEN false END;
CREATE MACRO trino_array_join(a, delimiter) AS array_to_string(a, delimiter),
    (a, delimiter, missing) AS array_to_string(list_transform(a, LAMBDA x : coalesce(x, missing)), delimiter);
CREATE MACRO map_rows(m) AS list_transform(map_entries(m), LAMBDA e : {'field0': e.key, 'field1': e.value});
CREATE MACRO trino_ngrams(a, n) AS
    CASE WHEN n <= 0 THEN failing([a], 'INVALID_FUNCTION_ARGUMENT', 'N must be positive') ELSE list_transform(range(0, greatest(len(a) - n + 1, 1)), LAMBDA i : list_slice(a, i + 1, i + n)) END;
CREATE MACRO trino_contains_sequence(a, part) AS
    len(list_filter(range(0, len(a) - len(part) + 1), LAMBDA i : list_slice(a, i + 1, i + len(part)) = part)) > 0;
CREATE MACRO list_any_match(m) AS
    CASE WHEN list_contains(m, true) THEN true WHEN len(list_filter(m, LAMBDA x : x IS NULL)) > 0 THEN NULL
        WHEN m IS NOT NULL THEN false END;
CREATE MACRO list_all_match(m) AS
    CASE WHEN list_contains(m, false) THEN false WHEN len(list_filter(m, LAMBDA x : x IS NULL)) > 0 THEN NULL
        WHEN m IS NOT NULL THEN true END;
CREATE MACRO list_none_match(m) AS NOT list_any_match(m);

-- Maps
CREATE MACRO present(values) AS list_filter(values, LAMBDA e : e IS NOT NULL);
CREATE MACRO with_key(pairs) AS list_filter(pairs, LAMBDA e : e[1] IS NOT NULL);
CREATE MACRO first_of_key(pairs) AS flatten(list_transform([pairs], LAMBDA all_pairs : list_filter(all_pairs,
    LAMBDA e, i : list_position(list_transform(all_pairs, LAMBDA p : p[1]), e[1]) = i)));
CREATE MACRO map_agg_of(pairs) AS map_from_entries(first_of_key(with_key(pairs)));

CREATE MACRO pairs_by_key(pairs) AS map_from_entries(list_transform(
    trino_array_distinct(list_transform(pairs, LAMBDA e : e[1])),
    LAMBDA k : (k, list_transform(list_filter(pairs, LAMBDA e : e[1] = k), LAMBDA e : e[2]))));
CREATE MACRO multimap_agg_of(pairs) AS pairs_by_key(with_key(pairs));
CREATE MACRO trino_multimap_from_entries(a) AS pairs_by_key(list_transform(a, LAMBDA e : (struct_extract_at(e, 1), struct_extract_at(e, 2))));
CREATE MACRO map_union_of(maps) AS map_from_entries(first_of_key(flatten(list_transform(present(maps),
    LAMBDA m : list_transform(map_entries(m), LAMBDA e : (e.key, e.value))))));
CREATE MACRO set_agg_of(values) AS trino_array_distinct(values);
CREATE MACRO set_union_of(arrays) AS trino_array_distinct(flatten(arrays));
CREATE MACRO most_frequent_of(counts, buckets) AS map_from_entries(list_transform(
    list_slice(list_reverse_sort(list_transform(map_entries(counts), LAMBDA e : (e.value, e.key))), 1, buckets),
    LAMBDA e : (e[2], CAST(e[1] AS BIGINT))));
CREATE MACRO trino_split_to_multimap(s, between, inside) AS pairs_by_key(
    split_pairs(s, between, inside));
CREATE MACRO trino_cosine_similarity(a, b) AS
    list_sum(list_transform(map_keys(a), LAMBDA k : coalesce(map_extract_value(a, k) * map_extract_value(b, k), 0)))
    / (sqrt(list_sum(list_transform(map_values(a), LAMBDA v : v * v))) * sqrt(list_sum(list_transform(map_values(b), LAMBDA v : v * v))));
CREATE MACRO trino_cosine_distance(a, b) AS 1 - trino_cosine_similarity(a, b);
CREATE MACRO trino_array_histogram(a) AS list_histogram(a);

-- JSON: texts are texts until json_parse; what is not valid JSON gives NULL.
CREATE MACRO trino_json_extract(j, path) AS CASE WHEN json_valid(j) THEN json_extract(j, path) END;
CREATE MACRO trino_json_extract_scalar(j, path) AS
    CASE WHEN json_valid(j) AND json_type(j, path) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN json_extract_string(j, path) END;
CREATE MACRO json_checked(s) AS CASE WHEN json_valid(s) OR s IS NULL THEN s
    ELSE failing(s, 'INVALID_FUNCTION_ARGUMENT', 'Cannot convert value to JSON: ''' || s || '''') END;
CREATE MACRO json_item(j) AS CAST(j AS VARCHAR);
CREATE MACRO json_listed(items) AS '[' || array_to_string(items, ',') || ']';
CREATE MACRO json_paired(keys, items) AS '{' || array_to_string(list_transform(list_zip(keys, items),
    LAMBDA e : CAST(to_json(e[1]) AS VARCHAR) || ':' || coalesce(e[2], 'null')), ',') || '}';
CREATE MACRO trino_json_array_length(j) AS CASE WHEN json_valid(j) AND json_type(j) = 'ARRAY' THEN CAST(json_array_length(j) AS BIGINT) END;
CREATE MACRO trino_json_array_get(j, i) AS CASE WHEN json_valid(j) THEN json_extract(j, '$[' || i || ']') END;
CREATE MACRO trino_json_array_contains(j, x) AS
    CASE WHEN json_valid(j) THEN list_contains(json_extract_string(j, '$[*]'), CAST(x AS VARCHAR)) END;
CREATE MACRO trino_json_size(j, path) AS CASE json_type(j, path)
    WHEN 'ARRAY' THEN CAST(json_array_length(j, path) AS BIGINT)
    WHEN 'OBJECT' THEN CAST(len(json_keys(j, path)) AS BIGINT)
    ELSE CASE WHEN json_type(j, path) IS NOT NULL THEN 0 END END;
CREATE MACRO trino_is_json_scalar(j) AS json_type(j) NOT IN ('OBJECT', 'ARRAY');

-- Bytes
CREATE MACRO trino_md5(b) AS unhex(md5(b));
CREATE MACRO trino_sha1(b) AS unhex(sha1(b));
CREATE MACRO trino_sha256(b) AS unhex(sha256(b));
CREATE MACRO trino_to_hex(b) AS upper(hex(b));
CREATE MACRO trino_from_hex(s) AS unhex(s);
CREATE MACRO trino_to_base64(b) AS to_base64(b);


-- Bits: Trino's bigint has 64 of them, and no overflow.
CREATE MACRO signed(h) AS CAST(CASE WHEN h >= 9223372036854775808 THEN h - 18446744073709551616 ELSE h END AS BIGINT);
CREATE MACRO unsigned(x) AS CASE WHEN x < 0 THEN CAST(x AS HUGEINT) + 18446744073709551616 ELSE CAST(x AS HUGEINT) END;
CREATE MACRO trino_bitwise_left_shift(a, n) AS
    CASE WHEN n >= 64 THEN 0 ELSE signed(CAST(unsigned(a) % CAST(pow(2, 64 - n) AS HUGEINT) * CAST(pow(2, n) AS HUGEINT) AS HUGEINT)) END;
CREATE MACRO trino_bitwise_right_shift(a, n) AS CASE WHEN n >= 64 THEN 0 ELSE signed(unsigned(a) // CAST(pow(2, n) AS HUGEINT)) END;
CREATE MACRO trino_bitwise_right_shift_arithmetic(a, n) AS CASE WHEN n >= 64 THEN CASE WHEN a < 0 THEN -1 ELSE 0 END ELSE CAST(a AS BIGINT) >> n END;

-- Places on the earth, whose radius is 6371.01 km
CREATE MACRO trino_great_circle_distance(lat1, lon1, lat2, lon2) AS atan2(
    sqrt(pow(cos(radians(lat2)) * sin(radians(lon1) - radians(lon2)), 2)
        + pow(cos(radians(lat1)) * sin(radians(lat2)) - sin(radians(lat1)) * cos(radians(lat2)) * cos(radians(lon1) - radians(lon2)), 2)),
    sin(radians(lat1)) * sin(radians(lat2)) + cos(radians(lat1)) * cos(radians(lat2)) * cos(radians(lon1) - radians(lon2))) * 6371.01::DOUBLE;
-- Geometries are their well-known text; only points are worked with.
CREATE MACRO short_number(x) AS regexp_replace(CAST(CAST(x AS DOUBLE) AS VARCHAR), '\.0$', '');
CREATE MACRO trino_st_point(x, y) AS 'POINT (' || short_number(x) || ' ' || short_number(y) || ')';
CREATE MACRO trino_st_geometryfromtext(text) AS regexp_replace(text, '^\s*([A-Za-z]+)\s*\(', '\1 (');
CREATE MACRO trino_st_astext(g) AS CAST(g AS VARCHAR);
CREATE MACRO trino_to_spherical_geography(g) AS CAST(g AS VARCHAR);
CREATE MACRO trino_to_geometry(g) AS CAST(g AS VARCHAR);
CREATE MACRO point_part(geometry, part) AS list_transform([geometry], LAMBDA g : CASE
    WHEN regexp_matches(g, '(?i)^POINT \(') THEN CAST(regexp_extract(g, '\(\s*(\S+)\s+([^\s)]+)', part) AS DOUBLE)
    ELSE failing(0::DOUBLE, 'INVALID_FUNCTION_ARGUMENT', 'only points are supported by this lab yet: ' || g) END)[1];
CREATE MACRO trino_st_x(g) AS point_part(g, 1);
CREATE MACRO trino_st_y(g) AS point_part(g, 2);
CREATE MACRO plane_distance(a, b) AS sqrt(pow(point_part(a, 1) - point_part(b, 1), 2) + pow(point_part(a, 2) - point_part(b, 2), 2));
CREATE MACRO metres_between(a, b) AS
    1000 * trino_great_circle_distance(point_part(a, 2), point_part(a, 1), point_part(b, 2), point_part(b, 1));
CREATE MACRO trino_wilson_interval_lower(successes, trials, z) AS (successes / trials::DOUBLE + z * z / (2 * trials)
    - z * sqrt((successes / trials::DOUBLE) * (1 - successes / trials::DOUBLE) / trials + z * z / (4 * trials * trials))) / (1 + z * z / trials);
CREATE MACRO trino_wilson_interval_upper(successes, trials, z) AS (successes / trials::DOUBLE + z * z / (2 * trials)
    + z * sqrt((successes / trials::DOUBLE) * (1 - successes / trials::DOUBLE) / trials + z * z / (4 * trials * trials))) / (1 + z * z / trials);

-- URLs
CREATE MACRO trino_url_encode(s) AS replace(url_encode(s), '%20', '+');
CREATE MACRO trino_url_decode(s) AS url_decode(replace(s, '+', ' '));
-- What Java's URI would not read is NULL; a part that is not there is empty.
CREATE MACRO url_part(u, part) AS CASE WHEN NOT regexp_matches(u, '[\s<>"{}|\\^`]|%(?:[^0-9A-Fa-f]|.?$|.[^0-9A-Fa-f])') THEN
    regexp_extract(u, '^(?:([^:/?#]+):)?(?://(?:[^@/?#]*@)?([^?/#:]*)(?::(\d+))?)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?', part) END;
CREATE MACRO trino_url_extract_protocol(u) AS url_part(u, 1);
CREATE MACRO trino_url_extract_host(u) AS url_part(u, 2);
CREATE MACRO trino_url_extract_port(u) AS TRY_CAST(url_part(u, 3) AS BIGINT);
CREATE MACRO trino_url_extract_path(u) AS url_part(u, 4);
CREATE MACRO trino_url_extract_query(u) AS url_part(u, 5);
CREATE MACRO trino_url_extract_fragment(u) AS url_part(u, 6);
CREATE MACRO trino_url_extract_parameter(u, parameter) AS
    CASE WHEN regexp_matches(u, '[?&]' || parameter || '=') THEN url_decode(regexp_extract(u, '[?&]' || parameter || '=([^&#]*)', 1)) END;

-- Types
CREATE MACRO of_type(x, name) AS CASE WHEN x IS NULL THEN name ELSE name END;
CREATE MACRO trino_typeof(x) AS CASE typeof(x)
    WHEN 'FLOAT' THEN 'real' WHEN 'BLOB' THEN 'varbinary' WHEN '"NULL"' THEN 'unknown' WHEN 'HUGEINT' THEN 'bigint'
    WHEN 'TIMESTAMP' THEN 'timestamp(3)' WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'timestamp(3) with time zone'
    WHEN 'INTERVAL' THEN 'interval day to second'
    ELSE regexp_replace(lower(typeof(x)), '^(.*)\[\]$', 'array(\1)') END;
