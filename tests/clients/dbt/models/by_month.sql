{{ config(materialized='incremental', incremental_strategy='insert_overwrite', partitioned_by=['month'], format='parquet') }}
select count(*) as flights, {{ var('month', 1) }} as month from {{ ref('flights') }}
