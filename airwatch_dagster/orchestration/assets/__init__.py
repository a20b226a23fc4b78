"""The asset functions, a file per stage: each gathers arguments, calls one function of its stage, and returns.

Everything that computes lives in the stage's own folder; partitions, checks and storing are in table_asset.
"""
