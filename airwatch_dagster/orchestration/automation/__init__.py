"""Jobs, and the schedules and sensors that request their runs.

What a run does is in orchestration/assets; alerts are in orchestration/alerts.
"""
