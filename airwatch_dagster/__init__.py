"""AirWatch: tomorrow's PM2.5 for every US monitor, from one Dagster asset graph."""

import os

__version__ = "0.1.0"

# Arrow's own allocator is known to crash beside another of its kind, which CatBoost brings, and with threads that end.
# The system's is as fast here and takes a tenth less memory. Source: github.com/apache/arrow/issues/50908
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # noqa: TID251 - Arrow reads it when it is loaded
