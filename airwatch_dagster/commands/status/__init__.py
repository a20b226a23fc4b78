"""`airwatch status`: whether everything is fresh, for people, programs and cron.

``state`` gathers what is, ``due`` says what is missing of it, ``status_text`` prints both.
"""
