"""Alerts of failed runs and checks: when one is sent, its text, and its channels.

What counts as a failed check is decided by the assets and the science, not here.
"""
