"""External schemas: tables of the Glue catalog, whose rows lie in S3 and are read where they are (Redshift Spectrum).

statements/external_schemas ─▶ schemas    which database of the catalog a schema means, and with whose rights
binding ─▶ scanning ─▶ (the lab)          a table of the catalog, its partitions, its objects
               └─▶ localaws.lake.files    objects as rows
               changing                   partitions added, tables dropped
catalog.system ─▶ views                   svv_external_tables and the like
"""
