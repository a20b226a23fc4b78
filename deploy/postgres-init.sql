-- Runs once, on an empty volume. MLflow and Dagster have a database each.
CREATE DATABASE mlflow;
