"""HTTP and files, independent of any publisher: sessions, retries, mirrors, download cache, redaction.

Here belongs what every client shares; URLs, layouts and credentials of one publisher belong to its own folder.
"""
