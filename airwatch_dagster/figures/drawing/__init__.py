"""How plots are drawn: shapes and text of SVG, scales with their ticks, axes, legends, and the style of them all.

It knows no table, family or site. A plot has few elements of kinds that plotting libraries lay out for any use; placed
here, it takes a tenth of the time, and its file is as small as its content.
"""
