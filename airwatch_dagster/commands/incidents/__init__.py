"""`airwatch incidents`, `ack` and `silence`: what is wrong, who has taken it on, and until when nothing is sent."""
