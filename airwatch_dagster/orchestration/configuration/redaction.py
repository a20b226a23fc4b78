"""Every secret that the settings know, hidden where text leaves this process."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from airwatch_dagster import redaction
from airwatch_dagster.orchestration.configuration.environment import secret_values


def redacted(text: str) -> str:
    """The text without the value of any secret setting and without credentials in addresses."""
    return redaction.redacted(text, secret_values())


@contextmanager
def secrets_hidden() -> Iterator[None]:
    """Errors that leave the block show no secret, nor do log lines from now on."""
    hide_secrets_in_logs()
    try:
        yield
    except Exception as error:
        shown = redaction.redact_error(error, secret_values())
        if shown is error:
            raise
        raise shown from shown.__cause__


def redacted_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata of an asset with no secret in its texts, addresses and paths; other values are the same objects."""
    return {name: _redacted_value(value) for name, value in metadata.items()}


def _redacted_value(value: Any) -> Any:
    import dagster as dg

    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dg.MarkdownMetadataValue):
        return dg.MetadataValue.md(redacted(value.md_str or ""))
    if isinstance(value, dg.TextMetadataValue):
        return dg.MetadataValue.text(redacted(value.text or ""))
    if isinstance(value, dg.UrlMetadataValue):
        return dg.MetadataValue.url(redacted(value.url or ""))
    return dg.MetadataValue.path(redacted(value.path or "")) if isinstance(value, dg.PathMetadataValue) else value


@cache
def hide_secrets_in_logs() -> None:
    """From now on no record that this process logs holds a secret, whichever logger and handler; once per process."""
    make = logging.getLogRecordFactory()

    def without_secrets(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        try:
            told = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit: logging itself reports them
            return record
        if told and (clean := redacted(told)) != told:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1] is not None:
            shown = redaction.redact_error(record.exc_info[1], secret_values())
            record.exc_info = (type(shown), shown, record.exc_info[2])
        return record

    logging.setLogRecordFactory(without_secrets)
