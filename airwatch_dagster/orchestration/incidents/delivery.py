"""Sends what is due, each channel by itself, and notes what has arrived."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import pandas as pd

from airwatch_dagster.errors import AirWatchError
from airwatch_dagster.orchestration.alerts.air_rules import AirRule
from airwatch_dagster.orchestration.alerts.channels import channels_of, send, undelivered
from airwatch_dagster.orchestration.alerts.messages import Message, one_line
from airwatch_dagster.orchestration.alerts.settings import AlertSettings
from airwatch_dagster.orchestration.incidents.cursor import Notice
from airwatch_dagster.orchestration.incidents.state import OF_AIR, Incident
from airwatch_dagster.orchestration.incidents.telling import due_channels
from airwatch_dagster.orchestration.incidents.wording.air import air_message
from airwatch_dagster.orchestration.incidents.wording.texts import closing, opening

SENDING_MAX_S: Final = 10.0
"""Seconds after which a look begins no further message, so that it ends within the minute that Dagster gives it."""


@dataclass
class Delivery:
    """The messages of one look."""

    log: logging.Logger
    settings: AlertSettings
    refused: dict[str, list[str]] = field(default_factory=dict)
    """Incident whose message has arrived somewhere → channels that did not take it."""
    failures: list[AirWatchError] = field(default_factory=list)
    is_lost: bool = False
    """Whether there was a message that no channel took, or no time for."""
    sent: int = 0
    _began: float = field(default_factory=monotonic)

    @property
    def channels(self) -> tuple[str, ...]:
        """Those that are set up."""
        return channels_of(self.settings)

    def tell(self, incidents: Sequence[Incident], *, now: pd.Timestamp, newest_forecast: str | None) -> None:
        """One message for each incident that has one due; those of the air have their own, see ``tell_air``."""
        for one in incidents:
            if one.rule == OF_AIR:
                continue
            due = due_channels(one, self.channels, now=now)
            if due and monotonic() - self._began >= SENDING_MAX_S:
                self.is_lost = True
            elif due:
                message = opening(one, newest_forecast=newest_forecast) if one.is_open else closing(one)
                is_first = one.opening_told_at is None or (not one.is_open and one.closing_told_at is None)
                refused_by = self.send(message, to=due, is_first=is_first)
                if refused_by is not None:
                    self.refused[one.incident_id] = refused_by

    def tell_air(
        self, incidents: Sequence[Incident], rules: Sequence[AirRule], *, now: pd.Timestamp, headline: str
    ) -> None:
        """One message for each rule of the air and the sites that its channels are still to hear of."""
        for rule in rules:
            due = {one: due_channels(one, rule.channels, now=now) for one in incidents if one.scope == rule.name}
            for channels in {tuple(found) for found in due.values() if found}:
                of_message = [one for one, found in due.items() if tuple(found) == channels]
                to = rule.to or self.settings.alert_email_to
                settings = self.settings.model_copy(update={"alert_email_to": to})
                message = air_message(rule, of_message, headline=headline)
                is_first = any(one.opening_told_at is None for one in of_message)
                refused_by = self.send(message, to=channels, is_first=is_first, settings=settings)
                if refused_by is not None:
                    self.refused |= {one.incident_id: refused_by for one in of_message}

    def notify(self, message: Message, known: Notice, *, about: str) -> Notice:
        """Send a message that belongs to no incident, again only where it was refused; what is known of it then."""
        is_first = about != known.about
        due = self.channels if is_first else [one for one in self.channels if one in known.waits_for]
        if not due:
            return known
        refused_by = self.send(message, to=due, is_first=is_first)
        return known if refused_by is None else Notice(about, tuple(refused_by))

    def send(
        self, message: Message, *, to: Sequence[str], is_first: bool = True, settings: AlertSettings | None = None
    ) -> list[str] | None:
        """Channels that did not take the message; None when none took it, so that everything is as it was before."""
        sent = send(message, settings=settings or self.settings, log=self.log, to=to)
        self.failures += sent.failures.values()
        self.sent += sent.has_arrived
        self.is_lost |= is_first and not sent.has_arrived
        return list(sent.failures) if sent.has_arrived else None

    @property
    def said(self) -> str:
        """``2 messages sent; alert webhook refused the alert (response 404)``."""
        why = f"; {one_line(str(undelivered(self.failures)))}" if self.failures else ""
        return f"{self.sent} messages sent{why}"
