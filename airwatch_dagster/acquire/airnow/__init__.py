"""AirNow: provisional readings and the agencies' own forecasts.

Here belong the archive client, the file layouts and their parsers, and in ``historical`` the service for forecasts of
past days; when AirNow fills gaps of AQS is decided in ``sources``.
"""
