"""What is kept for how long: one class per kind of file or record that can be removed.

A kind lists what is older than an age, and removes what was listed. Nothing here removes a table, a version of a
reading, a champion or what a champion needs.
"""
