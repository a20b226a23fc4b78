"""Days that a user may give by a word."""

from datetime import timedelta
from typing import Final

WORDS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}
"""Word → days after today."""


def day_in_digits(text: str, *, is_utc: bool = False) -> str:
    """``yesterday``, ``today`` and ``tomorrow`` as YYYY-MM-DD; other text as it is.

    Today is the day that is not over yet in all 50 states, or AIRWATCH_PRACTICE_TODAY in a rehearsal: yesterday is the
    newest day that has readings. With ``is_utc`` it is the real day in UTC. Raises ConfigurationError when a setting is
    wrong.
    """
    word = text.strip().lower()
    if word not in WORDS:
        return text
    # Here and not above: help texts load nothing heavy.
    from airwatch_dagster.orchestration.resources import today, utc_now

    return str((utc_now().date() if is_utc else today()) + timedelta(days=WORDS[word]))
