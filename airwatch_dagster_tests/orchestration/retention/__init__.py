"""Tests of what is kept for how long."""
