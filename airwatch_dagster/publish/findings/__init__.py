"""The pages of monthly findings: what changed in a month, and an index of all months.

Here belong their sentences, templates and styles. Not here: how a month is judged (``watch/verdicts``), where files are
stored (``orchestration``).
"""
