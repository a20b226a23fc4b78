"""Features of each site, computed from what was known at the end of the issue date.

Here belong pure functions on site-days and supplied weather that look back only, and never past the issue date.
Choosing and validating readings belongs in clean; anything that learns from data belongs in fit.
"""
