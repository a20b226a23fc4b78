"""What a shared deployment is made of, and the rehearsal of its compose file without containers."""
