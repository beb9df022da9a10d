{{ config(materialized='incremental', incremental_strategy='merge', unique_key='flight', table_type='iceberg') }}
select flight, carrier, delay + {{ var('later', 0) }} as delay from {{ ref('flights') }}
{% if is_incremental() %} where flight > 1 {% endif %}
