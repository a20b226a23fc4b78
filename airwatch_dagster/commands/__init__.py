"""One module per `airwatch` command: what it does, as functions that return or echo text.

Uses ``orchestration`` and the layers below; only ``cli`` uses it. Parsing of arguments belongs in ``cli``, whatever a
schedule or the UI needs too in ``orchestration``.
"""
