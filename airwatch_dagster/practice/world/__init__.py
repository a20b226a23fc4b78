"""The simulated world: air, smoke, sites, instruments, and what is published on a given day.

Here belong values and their publication. Their representation in EPA's files and responses belongs in formats.
"""
