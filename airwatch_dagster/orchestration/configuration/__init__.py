"""What a process is told: settings, `.env`, and the environment that clients of other projects read.

How settings are used does not belong here. Nothing here reads a setting when it is imported.
"""
