CREATE TABLE shop (id int, qty int, price decimal(8, 2), name varchar(20), day date, at timestamp, ratio float,
    big bigint, ok boolean, doc super);
INSERT INTO shop VALUES
    (1, 10, 2.50, 'ann', '2020-01-01', '2020-01-01 10:00:00', 0.5, 10000000000, true,
     JSON_PARSE('{"n":1,"tags":["a","b"],"who":{"name":"Ann"},"d":"2020-05-01","ok":true}')),
    (2, 20, 3.75, 'bob', '2020-01-15', '2020-01-15 11:30:00', 1.25, NULL, false,
     JSON_PARSE('{"n":2.5,"tags":[],"who":{"name":"Bob"},"lines":[{"sku":"x","n":2},{"sku":"y","n":3}]}')),
    (3, 5, NULL, 'cat', '2020-02-01', NULL, NULL, 5, NULL, NULL),
    (4, 20, 1.00, 'ann', '2020-02-10', '2020-02-10 00:00:00', 2, 7, true, JSON_PARSE('[1,2,[3]]'));
CREATE TABLE stock (id int, name varchar(20), left_over int);
INSERT INTO stock VALUES (1, 'ann', 100), (2, 'dan', 50);
