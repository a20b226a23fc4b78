import pytest

from airwatch_dagster.acquire.parsing.encoding import decode


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1"])
def test_text_is_decoded_in_every_published_encoding(encoding: str) -> None:
    assert decode("Cañon City".encode(encoding)) == "Cañon City"
