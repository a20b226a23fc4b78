"""`airwatch inspect`: what is stored, and what was known at an earlier time."""
