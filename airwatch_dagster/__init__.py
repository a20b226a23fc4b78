"""AirWatch: tomorrow's PM2.5 for every US monitor, from one Dagster asset graph."""

__version__ = "0.1.0"
