"""Fitted models as a directory of files that hold numbers and names, never code: written, checked and read here.

What the files are is said in docs/explanation/model-files.md. Bytes go in and out; where files are kept, and by which
hashes they are checked before they are read, is ``orchestration.registry``.
"""
