-- Runs once, on an empty volume: MLflow keeps its own tables apart from Dagster's.
CREATE DATABASE mlflow;
