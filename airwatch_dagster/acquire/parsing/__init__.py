"""Files to typed columns: containers, encodings, headers, numbers, dates and codes, with the location of a bad value.

What office and statistics programs change in a file is undone here (``dialects``, ``csv_lines``, ``rewritten``).

Here belong rules that hold for every publisher; the column names of one layout belong to its own folder.
"""
