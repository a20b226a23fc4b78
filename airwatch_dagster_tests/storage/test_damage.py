"""A damaged file is refused; none is read as other values."""

import random
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airwatch_dagster.errors import StorageError
from airwatch_dagster.storage import file_digest, parquet
from airwatch_dagster.storage.tables import TableStorage
from airwatch_dagster_tests import builders

DAY = "2021-07-04"
URI = f"/tables/raw_readings/{DAY}.parquet"


def readings() -> pd.DataFrame:
    return builders.raw_readings(
        *({"poc": number, "arithmetic_mean": 5.0 + number, "date_local": pd.Timestamp(DAY)} for number in range(1, 6))
    )


def as_read(data: bytes) -> pd.DataFrame:
    rows = parquet.decoded("raw_readings", data, columns=None, uri=URI)
    return parquet.joined("raw_readings", [rows], columns=None)


def wrongly_read(data: bytes, positions: list[int]) -> list[int]:
    """The positions at which another byte is neither refused, by an error that names the file, nor without effect."""
    expected, wrong, draws = as_read(data), [], random.Random(1)
    for position in positions:
        damaged = bytearray(data)
        damaged[position] ^= draws.choice([255, 1 << draws.randrange(8)])
        try:
            if not as_read(bytes(damaged)).equals(expected):
                wrong.append(position)
        except StorageError as error:
            assert error.culprit == URI  # noqa: PT017 - any position may be refused or not
    return wrong


def test_a_flipped_byte_at_a_random_place_is_refused_or_without_effect() -> None:
    data = parquet.encoded("raw_readings", readings())

    assert wrongly_read(data, random.Random(2).sample(range(len(data)), 150)) == []


@pytest.mark.slow
def test_no_flipped_byte_of_a_file_is_read_as_another_value() -> None:
    data = parquet.encoded("raw_readings", readings())

    assert wrongly_read(data, list(range(len(data)))) == []


def test_damage_is_named_with_the_file_and_the_way_out(tmp_path: Path) -> None:
    tables = TableStorage.open(str(tmp_path))
    tables.write("raw_readings", {DAY: readings()})
    file = tmp_path / "raw_readings" / f"{DAY}.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 1
    file.write_bytes(data)

    with pytest.raises(StorageError, match=rf"{DAY}\.parquet: does not hold rows of raw_readings: the file is damaged"):
        tables.read("raw_readings", [DAY])


def without_checksums(frame: pd.DataFrame) -> bytes:
    """The frame as versions before the checksums stored it."""
    sink = pa.BufferOutputStream()
    rows = parquet.as_arrow("raw_readings", frame)
    pq.write_table(rows, sink, compression="zstd", store_schema=False, coerce_timestamps="us")
    return bytes(sink.getvalue())


def test_a_file_from_before_the_checksums_is_read_and_not_rewritten_without_need(tmp_path: Path) -> None:
    tables, older = TableStorage.open(str(tmp_path)), without_checksums(readings())
    file = tmp_path / "raw_readings" / f"{DAY}.parquet"
    file.parent.mkdir()
    file.write_bytes(older)

    tables.merge("raw_readings", [DAY], lambda stored: (stored, {DAY: slice(0, len(stored))}), keep_unchanged=True)
    assert file.read_bytes() == older

    tables.merge("raw_readings", [DAY], lambda stored: (stored[:4], {DAY: slice(0, 4)}), keep_unchanged=True)
    assert file_digest.KEY in file.read_bytes()
    assert len(tables.read("raw_readings", [DAY])) == 4


def test_pages_have_checksums_of_their_own_for_other_tools() -> None:
    data = bytearray(parquet.encoded("raw_readings", readings()))
    column = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(0).column(9)
    data[column.data_page_offset + column.total_compressed_size - 2] ^= 1

    with pytest.raises(OSError, match="CRC"):
        pq.ParquetFile(pa.BufferReader(bytes(data)), page_checksum_verification=True).read()


def test_the_same_rows_are_the_same_bytes() -> None:
    assert parquet.encoded("raw_readings", readings()) == parquet.encoded("raw_readings", readings())


def test_a_file_without_a_place_for_its_checksum_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="no place for its checksum"):
        file_digest.sealed(b"PAR1 PAR1")
