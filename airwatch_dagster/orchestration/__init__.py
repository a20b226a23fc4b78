"""Dagster glue: the only folder that imports dagster, mlflow and boto3."""

import warnings

# Backfill policies, partitioned checks and dagster-mlflow are marked beta or preview; tests pin what we use of them.
BETA_NOTICE = r"(?s).*is currently in (beta|preview)"
warnings.filterwarnings("ignore", message=BETA_NOTICE, module=r"(airwatch_dagster|dagster)\b")
