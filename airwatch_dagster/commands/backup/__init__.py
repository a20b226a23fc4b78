"""`airwatch backup` and `airwatch restore`: an installation on one machine, its state and tables, as one folder.

Installations with PostgreSQL, an MLflow server or S3 are backed up with the tools of those: docs/how-to/backup.md.
"""
