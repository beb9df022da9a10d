{% snapshot delays %}
{{ config(unique_key='flight', strategy='check', check_cols=['delay'], table_type='iceberg') }}
select flight, delay from {{ ref('latest') }}
{% endsnapshot %}
