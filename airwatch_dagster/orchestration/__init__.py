"""Dagster glue: the only folder that imports dagster, mlflow and boto3."""
