"""Flags of single sensors: each site-day tested by the seven tests of QARTOD that daily PM2.5 allows.

Here belong the tests, their limits and their reasons. What a flag means for a forecast does not: readings stay as they
are, whatever their flags.
"""
