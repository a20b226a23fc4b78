"""Several calls of MLflow's client in one transaction of its SQLite database.

MLflow opens a session for every call, and up to four within one: 17 commits for a model, and half of the CPU time that
logging it takes. Other databases and servers keep a transaction per call: there, others may write at the same time, and
MLflow's answer to a version number that is taken is to roll its session back. See
docs/adr/0013-one-transaction-per-model.md.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airwatch_dagster.orchestration.registry.tracking import sqlite_path


@contextmanager
def one_transaction(client: Any) -> Iterator[None]:
    """What this thread stores through the client within the block is stored at its end, or not at all when it raises.

    The calls see what earlier ones of the block stored; other processes that write wait for the block's end. Errors of
    the database become MLflow's own, as at the end of a call.
    """
    uri = client.tracking_uri
    if sqlite_path(uri) is None:
        yield
        return
    from mlflow.exceptions import MlflowException
    from mlflow.tracking._model_registry.utils import _get_store as registry_store
    from mlflow.tracking._tracking_service.utils import _get_store as tracking_store
    from sqlalchemy.exc import SQLAlchemyError

    # MLflow keeps one store of each kind for an address; its clients use these.
    stores = tracking_store(uri), registry_store(uri, uri)
    failure: Exception | None = None
    with stores[0].ManagedSessionMaker(read_only=False) as session, _shared(session, stores):
        try:
            yield
        except (MlflowException, SQLAlchemyError):
            raise
        except Exception as error:  # noqa: BLE001 - raised below: MLflow's session would make its own error of it
            failure = error
            session.rollback()
    if failure is not None:
        raise failure


@contextmanager
def _shared(session: Any, stores: tuple[Any, ...]) -> Iterator[None]:
    """Within the block the stores give this thread the session, in which a commit only sends what is pending."""
    owner, makers = threading.get_ident(), [store.ManagedSessionMaker for store in stores]

    def maker_beside(own: Any) -> Any:
        @contextmanager
        def make(read_only: bool = True) -> Iterator[Any]:
            if threading.get_ident() != owner:
                with own(read_only=read_only) as other:
                    yield other
                return
            yield session
            session.flush()
            # As in a session of its own, the next call reads anew what this one stored.
            session.expire_all()

        return make

    session.commit = session.flush
    for store, own in zip(stores, makers, strict=True):
        store.ManagedSessionMaker = maker_beside(own)
    try:
        yield
    finally:
        del session.commit
        for store, own in zip(stores, makers, strict=True):
            store.ManagedSessionMaker = own
