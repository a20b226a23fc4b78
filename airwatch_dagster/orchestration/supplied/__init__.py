"""Tables that a user supplies, read and checked, and joined to AirWatch's own."""
