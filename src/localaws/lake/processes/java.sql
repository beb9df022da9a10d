-- Double.toString of Java: how Hive's SerDes write a double, and how Athena's results show one.
CREATE MACRO java_scientific(digits, exponent) AS
    digits[1] || '.' || CASE WHEN len(digits) > 1 THEN digits[2:] ELSE '0' END || 'E' || exponent;
CREATE MACRO java_positive(s, x) AS CASE
    WHEN contains(s, 'e') THEN
        split_part(s, 'e', 1) || CASE WHEN contains(s, '.') THEN '' ELSE '.0' END || 'E' || CAST(split_part(s, 'e', 2) AS INTEGER)
    WHEN x >= 1e7 THEN
        java_scientific(rtrim(replace(s, '.', ''), '0'), len(split_part(s, '.', 1)) - 1)
    WHEN x < 1e-3 AND x > 0 THEN
        java_scientific(ltrim(replace(s, '.', ''), '0'), -(len(s) - 1 - len(ltrim(replace(s, '.', ''), '0'))))
    ELSE s END;
CREATE MACRO java_double(number) AS
    CASE WHEN abs(number) >= 1e-3 AND abs(number) < 1e7 THEN CAST(number AS VARCHAR) ELSE java_unusual_double(number) END;
CREATE MACRO java_unusual_double(number) AS list_transform([{'x': number, 's': CAST(abs(number) AS VARCHAR)}], LAMBDA v : CASE
    WHEN v.s = 'nan' THEN 'NaN'
    WHEN v.s = 'inf' THEN CASE WHEN v.x > 0 THEN 'Infinity' ELSE '-Infinity' END
    ELSE CASE WHEN signbit(v.x) THEN '-' ELSE '' END || java_positive(v.s, abs(v.x)) END)[1];
