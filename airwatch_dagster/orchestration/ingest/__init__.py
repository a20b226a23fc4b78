"""What a run of raw_readings reads, and which stored days a recheck finds changed.

Run configurations and what follows from them. Sources and the merge are in acquire, the assets in orchestration/assets,
schedules and sensors in orchestration/automation.
"""
