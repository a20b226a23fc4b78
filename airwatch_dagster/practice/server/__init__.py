"""The HTTP server: requests to the AQS API, AirData and AirNow, and its clock and rate limit.

Here belong responses, statuses and headers. The content of rows and files belongs in formats, errors on purpose in
faults.
"""
