"""The style sheet and the script that every page carries inside, and the policy that lets nothing else in."""

import re
from base64 import b64encode
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files


@cache
def style() -> str:
    """``templates/style.css`` without comments and indentation."""
    text = re.sub(r"/\*.*?\*/", "", _template("style.css"), flags=re.DOTALL)
    return re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", re.sub(r"\s+", " ", text)).replace(";}", "}").strip()


def with_used_style(page: str) -> str:
    """``page`` with the rules of its style sheet that name no class it has not. The script gives no element a class."""
    classes = frozenset(name for found in set(re.findall(r' class="([^"]*)"', page)) for name in found.split())
    return re.sub(r"(?<=<style>).*?(?=</style>)", lambda css: _used(css[0], classes), page, count=1, flags=re.DOTALL)


@lru_cache(maxsize=64)
def _used(css: str, classes: frozenset[str]) -> str:
    """The rules that name no other class; pages of many days and states have the same ones."""

    def is_used(selector: str) -> bool:
        outside = re.sub(r"\([^()]*\)", "", selector)
        return classes.issuperset(re.findall(r"\.([a-z][\w-]*)", outside))

    def kept(rule: re.Match[str]) -> str:
        selectors = [one for one in re.split(r",(?![^()]*\))", rule[1]) if is_used(one)]
        return f"{','.join(selectors)}{{{rule[2]}}}" if selectors else ""

    return re.sub(r"([^{}]+)\{([^{}]*)\}", kept, css)


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
