"""Whether the served forecasts still hold what they promise: their last weeks judged against noise.

``totals`` sums up scored forecasts by day, ``measures`` says what is judged and where its limits are, ``judgement``
judges a window of whole weeks and opens and closes findings, ``sentences`` says what was found. The measures of a month
by group are in ``verify.monthly``.
"""
