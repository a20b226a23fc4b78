"""A table as an asset: its contract as a check, its checks, its notes, and its way to the storage and back.

What a table holds is in ``schemas``, how it is computed in the stages, the assets themselves in ``assets``.
"""
