"""Text to typed columns: encodings, CSV headers, numbers, dates and codes, with the location of a bad value.

Here belong rules that hold for every publisher; the column names of one layout belong to its own folder.
"""
