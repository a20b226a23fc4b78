"""`airwatch models` and `airwatch explain`: who serves, who served, and the change of that by hand."""
