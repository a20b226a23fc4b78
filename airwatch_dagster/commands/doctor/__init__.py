"""`airwatch doctor`: what is wrong with an installation, one module per kind of finding.

A module yields findings and decides nothing else: ``examination`` runs them within a time limit, the command prints
them. A check reads and probes; nothing but ``alert_test`` leaves the machine without being asked for, and nothing is
mended here: a finding ends with the command that mends it.
"""
