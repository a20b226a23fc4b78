"""AirData: EPA's pre-generated bulk files and the files of its "Download Daily Data" page.

Here belong the archive client, the parsers of these layouts and what is kept of what they read; the choice of
days and sites belongs to ``sources``.
"""
