"""Tables as Parquet files in a folder or on S3, and the errors of both in plain words.

The one user of the S3 client, and free of Dagster. What a table means belongs in `schemas`; which partitions a run
reads and writes belongs in `orchestration`.
"""
