"""What changed in a month of an area: the air, a sensor, the network or the pipeline.

Here belong the rules that judge a month by its site-days, their limits and their sentences. What a single day shows is
in sensors; what is told to whom is decided in orchestration.
"""
