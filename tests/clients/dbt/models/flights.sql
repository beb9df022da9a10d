{{ config(materialized='table', format='parquet') }}
select * from (values ('AA', 1, 5.0), ('UA', 2, 7.5), ('AA', 3, 0.0)) as t (carrier, flight, delay)
