"""How a bulletin looks: one HTML file without any request, an e-mail, an archive, a national overview.

Here belong colours, languages, pictures and templates. Not here: what a bulletin says (``publish/content.py``), where
files are stored (``orchestration``). Words stand in ``languages/``, markup in ``templates/``, borders in ``outlines/``.
"""
