"""Weather as it was forecast: bulletins for stations, and from stations to sites.

Here belong the clients and parsers of each publisher (``nbm``, ``nws``), the form of a station's hours and days that
they share, and how sites get the weather of stations around them. What models make of weather is decided in ``enrich``
and ``fit``.
"""
