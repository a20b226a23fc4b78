"""The AQS API: client, request plan, rate limit, response parsing and response cache.

Here belongs everything specific to this API; merging its rows with other sources belongs to ``sources``.
"""
