"""How writers of one file keep out of each other's way: locks of files in a folder, tickets on S3, and further tries.

What is locked belongs in `storage`; runs and tables are locked in `orchestration`.
"""
