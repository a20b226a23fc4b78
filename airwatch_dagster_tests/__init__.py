import os

# Before anything loads Arrow; a process of AirWatch's sets it when it starts.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
