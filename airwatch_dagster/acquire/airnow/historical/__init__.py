"""AirNow's service of historical forecasts: what agencies forecast on days whose file AirNow no longer has.

Here belong its client, the contract of its responses, and which areas and days are requested. When the service is asked
is decided in ``sources``. The service was probed in September 2026; no public documentation describes it.
"""
