"""`airwatch import`: downloads added to the history of readings, and taken back."""
