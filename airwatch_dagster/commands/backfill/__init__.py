"""`airwatch backfill`: planning decides which partitions are due, runs executes them, parallel several at a time."""
