"""Results as Dagster metadata: numbers that chart over partitions under stable names, and tables and plots as Markdown.

Plots and tables are made in ``figures``, the results themselves in the stages; here they only get their names.
"""
