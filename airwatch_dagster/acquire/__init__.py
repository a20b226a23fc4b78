"""EPA's published PM2.5 readings: download, parse, and merge into the stored history.

Here belong the clients of AQS, AirData and AirNow, the parsers of their files, and the versioning of rows. Network
access happens only through a session. Quality rules and daily values belong to ``clean``; Dagster stays outside.
"""
