"""How a message leaves: its text, its channels and their settings. What is told, and when, is in ``incidents``."""
