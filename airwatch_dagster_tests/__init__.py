import airwatch_dagster  # noqa: F401 - before anything loads Arrow: it chooses where Arrow takes memory from
