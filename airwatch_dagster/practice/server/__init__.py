"""The HTTP server: requests to the AQS API, AirData, AirNow and archives of the weather, and its clock and rate limit.

Here belong responses, statuses and headers. The content of rows and files belongs in formats, errors on purpose in
faults.
"""
