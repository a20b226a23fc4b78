"""Pictures as the UI shows them."""

import base64
import io
from typing import Any, Final

COLOURS_KEPT: Final = 64
"""Of a picture: halves its bytes, which lie in the event log, and nobody sees it."""


def png_of(figure: Any) -> bytes:
    """A matplotlib figure as a PNG of few bytes."""
    from PIL import Image

    drawn, written = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="rgba")
    size = tuple(round(side * figure.dpi) for side in figure.get_size_inches())
    picture = Image.frombytes("RGBA", size, drawn.getvalue()).convert("RGB")
    picture.quantize(COLOURS_KEPT, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(written, "png")
    return written.getvalue()


def embedded(what: str, png: bytes) -> str:
    """Markdown of a picture that needs no file beside it."""
    return f"![{what}](data:image/png;base64,{base64.b64encode(png).decode()})"
