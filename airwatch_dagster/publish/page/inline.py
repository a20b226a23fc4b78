"""The style sheet and the script that every page carries inside, and the policy that lets nothing else in."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files


@cache
def style(*, with_charts: bool = True) -> str:
    """``templates/style.css`` without comments and indentation; its last part ``with_charts`` only."""
    text = _template("style.css")
    if not with_charts:
        text = text.partition("/* Below: ")[0]
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", re.sub(r"\s+", " ", text)).replace(";}", "}").strip()


@cache
def script() -> str:
    """``templates/page.js`` without comment lines and indentation."""
    lines = (line.strip() for line in _template("page.js").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


@cache
def policy() -> str:
    """The Content-Security-Policy: no request, no frame, no form, and this one script alone."""
    digest = b64encode(sha256(script().encode()).digest()).decode()
    parts = ("default-src 'none'", "style-src 'unsafe-inline'", f"script-src 'sha256-{digest}'", "base-uri 'none'")
    return "; ".join((*parts, "form-action 'none'"))


def _template(name: str) -> str:
    folder = files("airwatch_dagster.publish.page").joinpath("templates")
    return folder.joinpath(name).read_text(encoding="utf-8")
