"""Weather of the practice world: what it is, what is forecast of it, and when that is published.

The layouts of bulletins belong in formats, their addresses in server.
"""
