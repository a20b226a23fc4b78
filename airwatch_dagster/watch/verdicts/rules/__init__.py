"""The rules: each takes an area in a month and gives one row about it, and rows about the sites that it finds."""
