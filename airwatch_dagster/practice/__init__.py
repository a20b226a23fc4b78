"""A practice server: EPA wire formats over simulated, repeatable air."""
