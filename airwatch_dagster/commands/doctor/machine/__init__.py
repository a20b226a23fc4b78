"""Checks of the machine itself: clock, disk, memory, ports, packages; not of what AirWatch keeps there."""
