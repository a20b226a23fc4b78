"""Faults on purpose: which requests get one, and how it corrupts their response.

Here belongs what a client must survive. Late publication and restatements are part of the world.
"""
