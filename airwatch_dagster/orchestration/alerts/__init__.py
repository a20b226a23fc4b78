"""Alerts of failed runs and checks: when one is sent, what it says, and how it leaves.

What counts as a failed check is decided by the assets and the science, not here.
"""
