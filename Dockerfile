# One image for the code location, the Dagster UI, the daemon and the MLflow server.
FROM python:3.11.13-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    ARROW_DEFAULT_MEMORY_POOL=system \
    OPENBLAS_NUM_THREADS=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    GIT_PYTHON_REFRESH=quiet

# Dagster's notices of beta features, as in the Makefile.
ENV PYTHONWARNINGS="ignore:Parameter `backfill_policy`,ignore:Parameter `allow_nonexistent_upstream_partitions`,ignore:Specifying a partitions_def on an AssetCheckSpec"

WORKDIR /app

# pip compiles what it installs; without bytecode every run starts at half the speed.
# requirements-k8s.txt adds what starts a pod for each run.
ARG REQUIREMENTS=requirements.txt
COPY ${REQUIREMENTS} requirements.txt
RUN pip install --no-deps --require-hashes -r requirements.txt && pip check

COPY pyproject.toml README.md LICENSE ./
COPY airwatch_dagster ./airwatch_dagster
COPY deploy ./deploy
RUN pip install --no-deps --no-build-isolation -e . \
    && python -m compileall -q airwatch_dagster \
    && groupadd --gid 10001 airwatch \
    && useradd --uid 10001 --gid 10001 --create-home airwatch \
    && install -d -o airwatch -g airwatch -m 0700 /state

# By number: a cluster that allows no root cannot look up a name.
USER 10001:10001
ENV DAGSTER_HOME=/app/deploy \
    DAGSTER_DISABLE_TELEMETRY=1 \
    MLFLOW_DISABLE_TELEMETRY=true \
    AIRWATCH_STATE=/state
VOLUME /state
