"""Makes what the stack of docker-compose.yml starts from, and brings it to this version; a second call changes nothing.

Databases of Dagster, of MLflow and of MLflow's accounts on the server that libpq's variables (PGHOST, …) name, with the
tables that the installed versions expect, and the bucket STACK_BUCKET. Every other service waits for its good end.
"""

import os
import subprocess
import sys
from pathlib import Path

import boto3
import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from psycopg2 import sql

DATABASES = ("dagster", "mlflow", "mlflow_auth")

BIN = Path(sys.executable).parent
UPGRADES = (
    [str(BIN / "dagster"), "instance", "migrate"],
    [str(BIN / "mlflow"), "db", "upgrade", "postgresql+psycopg2:///mlflow"],
    [sys.executable, "-m", "mlflow.server.auth", "db", "upgrade", "--url", "postgresql+psycopg2:///mlflow_auth"],
)


def main() -> None:
    """Exit with one sentence if a step fails; what was done before it stays, and a later call goes on."""
    for database in DATABASES:
        try:
            print(f"Database {database}: {'made' if made_database(database) else 'exists'}", flush=True)
        except psycopg2.Error as error:
            sys.exit(f"Error: the database {database} can neither be opened nor made: {str(error).strip()}")
    bucket = os.environ["STACK_BUCKET"]
    try:
        print(f"Bucket {bucket}: {'made' if made_bucket(bucket) else 'exists'}", flush=True)
    except (ClientError, BotoCoreError) as error:
        sys.exit(f"Error: the bucket {bucket} can neither be opened nor made: {error}")
    # Side by side: each is of another database, and takes most of its seconds to import.
    under_way = [(command, subprocess.Popen(command)) for command in UPGRADES]  # noqa: S603
    failed = [" ".join(command) for command, process in under_way if process.wait()]
    if failed:
        sys.exit(f"Error: `{'` and `'.join(failed)}` failed, and says why above. Nothing is started on old tables.")


def made_database(name: str) -> bool:
    """Whether the database had to be made. Raises psycopg2.Error."""
    try:
        psycopg2.connect(dbname=name).close()
    except psycopg2.OperationalError as error:
        if "does not exist" not in str(error):
            raise
    else:
        return False
    connection = psycopg2.connect(dbname="postgres")
    connection.autocommit = True  # PostgreSQL makes no database within a transaction
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    connection.close()
    return True


def made_bucket(name: str) -> bool:
    """Whether the bucket had to be made. Raises ClientError and BotoCoreError."""
    s3 = boto3.client("s3")
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
    else:
        return False
    region = s3.meta.region_name
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **place)
    return True


if __name__ == "__main__":
    main()
