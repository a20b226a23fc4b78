"""How large what comes from elsewhere may be: multiples of the largest real file, far below what fills a machine.

What is larger is refused before it is read, or as soon as it is noticed: a damaged or hostile server, mirror or file
costs a bounded amount of memory, disk and time. `benchmarks/hostile_inputs.py` measures what each costs.
"""

from typing import Final

MB: Final = 1_000_000
"""Bytes of a megabyte."""

MAX_LIST_BYTES: Final = 2 * MB
"""Bytes of AirData's list of files, which has about 2,500 lines of 45 bytes: eighteen times that."""

MAX_DOWNLOAD_BYTES: Final = 64 * MB
"""Bytes of one published file as it is sent. The largest real one, daily_88101_2021.zip, has 3.2 MB; AirData's of all
states and of today at most twice that."""

MAX_TABLE_BYTES: Final = 600 * MB
"""Bytes of one table once it is unpacked. The largest real one has 147 MB."""

MAX_TABLE_LINES: Final = 2_000_000
"""Lines of one table. The largest real one has 394,189; all states together had 1.5 times as many."""

MAX_LINE_BYTES: Final = 1 * MB
"""Bytes without a line end. The longest real line has 4,141 (a forecaster's discussion in reportingarea.dat)."""

MAX_UNPACKED_RATIO: Final = 250
"""Bytes unpacked per byte packed. The densest real zip has 47; DEFLATE reaches 1,030, LZMA 7,000 with nothing but
zeros."""

ANY_RATIO_BYTES: Final = 16 * MB
"""Bytes that may be unpacked whatever the ratio: a short file of one value is dense, and costs nothing."""

MAX_MEMBERS: Final = 1_000
"""Files in one zip. A real one has one, people's own have dozens."""

MAX_AIRNOW_BYTES: Final = 20 * MB
"""Bytes of one of AirNow's text files. The largest real one has 2.2 MB."""

MAX_AIRNOW_LINES: Final = 100_000
"""Lines of one of AirNow's text files. The longest real one has about 10,000."""

MAX_WEATHER_BYTES: Final = 120 * MB
"""Bytes of one bulletin of weather. The largest real one, of 9,578 stations, has 29 MB."""

MAX_WEATHER_LINES: Final = 2_000_000
"""Lines of one bulletin of weather. The largest real one has about 430,000."""

MAX_WEATHER_STATIONS: Final = 100_000
"""Stations of one bulletin of weather. The largest real one has 9,578."""

MAX_CITIES_BYTES: Final = 4 * MB
"""Bytes of a day of one part of the bulletins of selected cities. A real one has 3 kB, and a day two to four."""

MAX_CITIES_LINES: Final = 50_000
"""Lines of the same. A real bulletin has 60."""

MAX_OPEN_METEO_BYTES: Final = 16 * MB
"""Bytes of one answer of Open-Meteo. Fifty places with a fortnight of 24 variables, as asked for, have about 2 MB."""

MIN_BYTES_PER_NUMBER: Final = 2
"""Bytes of the same per value in it: hours without clouds or rain are ``0,``, others have 4 or 5 bytes."""

MAX_ROW_BYTES: Final = 2_000
"""Bytes of one row of the AQS API's JSON. Real rows of daily data have 1,312, of hourly data 1,150."""

MIN_RESPONSE_BYTES: Final = 16 * MB
"""Bytes that a response may have however few rows are expected: a list of monitors of a state has 4 MB."""

MAX_MONITORS: Final = 10_000
"""Monitors of one state; the whole country has had 2,700."""

MIN_BYTES_PER_OBJECT: Final = 64
"""Bytes of a response per object or list in it. Real ones have 94 (a list of codes) and more; empty objects are 3 bytes
that become 64 in memory."""

MIN_BYTES_PER_VALUE: Final = 8
"""Bytes of a response per value in it. Real ones have 33 (a list of codes) and more."""

MAX_BODY_S: Final = 10_000.0
"""Seconds from the first to the last byte of a response: the AQS API sends its most, a million rows, in 8,000."""

MAX_ENV_BYTES: Final = 256 * 1024
"""Bytes of a ``.env``. The example has 6,000 with every setting in it."""

MAX_STORED_BYTES: Final = 512 * MB
"""Bytes of one file of a storage. The largest of a nation's, a day of readings with all versions, has a few."""

MAX_SUPPLIED_BYTES: Final = 64 * MB
"""Bytes of one supplied file, a day of weather or of others' forecasts: a day of 1,000 sites has 0.1 MB."""

MAX_SUPPLIED_ROWS: Final = 1_000_000
"""Rows of one supplied file: a day of 1,000 sites has 3,000 for three days ahead."""


MAX_SUPPLIED_TEXT: Final = 1_000
"""Characters of one text in it: a site has nine, the name of a forecaster dozens."""


def megabytes(size: int) -> str:
    """``64 MB``, ``0.3 MB``: the size for people."""
    return f"{size / MB:,.0f} MB" if size >= 10 * MB else f"{size / MB:.1f} MB"


def max_response_bytes(rows: int) -> int:
    """Bytes that a response of the AQS API with so many rows may have."""
    return max(MIN_RESPONSE_BYTES, rows * MAX_ROW_BYTES)


def max_unpacked_bytes(packed: int, most: int) -> int:
    """Bytes that ``packed`` bytes may become: at most ``most``."""
    return min(most, max(ANY_RATIO_BYTES, MAX_UNPACKED_RATIO * packed))
