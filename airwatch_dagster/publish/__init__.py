"""What people read: the bulletin of an issue day and the feeds beside it.

Here belongs what a page says and how it looks: sentences, names for people, colours, templates, pictures as SVG. It is
made from rows of tables alone. Not here: metrics (``verify``), Dagster and storage (``orchestration``).
"""
