"""AirData: EPA's pre-generated bulk files and the files of its "Download Daily Data" page.

Here belong the archive client and the parsers of these layouts; the choice of days and sites belongs to ``sources``.
"""
