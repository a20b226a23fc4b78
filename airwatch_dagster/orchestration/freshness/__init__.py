"""How far the data should reach by now, whether they do, and what Dagster's UI says of it."""
