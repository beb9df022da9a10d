{{ config(materialized='view') }}
select carrier, upper(name) as name from {{ ref('airlines') }}
