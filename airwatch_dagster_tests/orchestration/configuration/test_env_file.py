"""``.env`` means the same to `airwatch`, Dagster and docker compose; a line that does not is named, never its value."""

import io
from pathlib import Path

import pytest
from dagster._core.secrets.env_file import get_env_var_dict
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from airwatch_dagster.orchestration.configuration.env_file import EnvFile
from airwatch_dagster_tests.compose_reader import compose_values

NOTHING: dict[str, str] = {}


def env_file(folder: Path, text: str | bytes) -> EnvFile:
    (folder / ".env").write_bytes(text if isinstance(text, bytes) else text.encode())
    return EnvFile.read(folder / ".env", NOTHING)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=x", {"A": "x"}),
        ("export A=x", {"A": "x"}),
        ("  export\tA=x", {"A": "x"}),
        ("A = x y ", {"A": "x y"}),
        ("A=x # the area", {"A": "x"}),
        ("A=x  #the area", {"A": "x"}),
        ("A=x#y", {"A": "x#y"}),
        ("A='x # y' # the area", {"A": "x # y"}),
        ('A="x # y"# the area', {"A": "x # y"}),
        ("A='pa$word$$'", {"A": "pa$word$$"}),
        (r"A='DOMAIN\user'", {"A": r"DOMAIN\user"}),
        (r"A=DOMAIN\user", {"A": r"DOMAIN\user"}),
        ("A='say \"x\"'", {"A": 'say "x"'}),
        ('A="it\'s"', {"A": "it's"}),
        ("A=it's", {"A": "it's"}),
        ("A=x=y&z", {"A": "x=y&z"}),
        ("A=\nB=''\nC=\"\"", {"A": "", "B": "", "C": ""}),
        ("A=x\nA=y", {"A": "y"}),
        ("A='x'\nexport A=\"y\" # again", {"A": "y"}),
        ("# a comment\n\n   # another $ ' \"\nA=x\n", {"A": "x"}),
        ("A=x\r\nB='y'\r\n# c\r\n", {"A": "x", "B": "y"}),
        (b"\xef\xbb\xbfA=x\n", {"A": "x"}),
        ("A=x\nB=${A}/y", {"A": "x", "B": "x/y"}),
        ('A=x\nB="${A}/y"', {"A": "x", "B": "x/y"}),
        ("B=${UNSET_IN_ALL}/y", {"B": "/y"}),
        ("B=${UNSET_IN_ALL:-/data}/y", {"B": "/data/y"}),
        ("A=x\nA=${A}y", {"A": "xy"}),
        ("A=Zürich", {"A": "Zürich"}),
        ("", {}),
    ],
)
def test_a_line_means_the_same_to_every_reader(tmp_path: Path, text: str | bytes, expected: dict[str, str]) -> None:
    file = env_file(tmp_path, text)

    assert file.problems == ()
    assert file.values(NOTHING) == expected
    assert get_env_var_dict(str(tmp_path)) == expected, "Dagster reads it this way"
    assert compose_values((tmp_path / ".env").read_bytes().decode(), NOTHING) == expected


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        ("A=pa$hunter2", "has a $ that only compose replaces", "Put the value in single quotes"),
        ('A="$hunter2"', "has a $ that only compose replaces", "single quotes"),
        ("A=$$hunter2", "has a $ that only compose replaces", "single quotes"),
        ("A=${B-hunter2}", "has a $ that only compose replaces", "write ${NAME}"),
        ("A=${B:?hunter2}", "has a $ that only compose replaces", "write ${NAME}"),
        ("A='${hunter2}'", "has ${ within single quotes", "in the environment instead"),
        ('A="x\\nhunter2"', "has a backslash within double quotes", "single quotes"),
        (r"A='it\'s hunter2'", "treat differently", "in the environment instead"),
        (r"A='\\hunter2'", "treat differently", "in the environment instead"),
        ("A='hunter2", "opens a quote and does not close it", "Close the quote on the same line"),
        ('A="hunter2\nB=x"', "opens a quote and does not close it", "Close the quote"),
        ("A='hunter' 2", "has text after the closing quote", "one pair of quotes"),
        ("A= # hunter2", "has a value that begins with #", "or leave it empty"),
        ("A=#hunter2", "has a value that begins with #", "single quotes"),
        ("A=x\t# hunter2", "has a tab before a comment", "Put a space before #"),
        ("A: hunter2", "is not NAME=value", "Write NAME=value"),
        ("A", "is not NAME=value", "Write NAME=value"),
        ("export A", "is not NAME=value", "Write NAME=value"),
        ("export =hunter2", "is not NAME=value", "Write NAME=value"),
        ("set A=hunter2", "is not NAME=value", "Write NAME=value"),
        ("=hunter2", "is not NAME=value", "Write NAME=value"),
        ("1A=hunter2", "is not NAME=value", "Write NAME=value"),
        ("A-B=hunter2", "is not NAME=value", "Write NAME=value"),
        ("'A'=hunter2", "is not NAME=value", "Write NAME=value"),
        ("A=x\rB=hunter2", "holds a control character", "anew"),
        ("# a comment\rB=hunter2", "holds a control character", "anew"),
        ("A=hunter2\N{NO-BREAK SPACE}", "unusual blank", "anew"),
    ],
)
def test_a_line_that_readers_take_differently_is_named_without_its_value(
    tmp_path: Path, text: str, problem: str, fix: str
) -> None:
    found = env_file(tmp_path, f"# first\nOTHER=x\n{text}\n").problems

    assert problem in found[0].problem
    assert fix in found[0].fix
    assert found[0].culprit.startswith(f"{tmp_path / '.env'}, line 3")
    assert "hunter2" not in str(found[0])


def test_a_default_of_a_variable_that_is_set_but_empty_is_named(tmp_path: Path) -> None:
    assert env_file(tmp_path, "B=\nA=${B:-x}").problems[0].problem == "has a default for B, which is set but empty"
    assert env_file(tmp_path, "B=y\nA=${B:-x}").problems == ()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("A=x".encode("utf-16"), "is not text in UTF-8"),
        ("A=x".encode("utf-16-le"), "is not text in UTF-8"),
        ("A=Zürich".encode("latin-1"), "is not text in UTF-8"),
    ],
)
def test_a_file_in_another_encoding_is_named(tmp_path: Path, data: bytes, problem: str) -> None:
    file = env_file(tmp_path, data)

    assert [(one.culprit, one.problem) for one in file.problems] == [(str(tmp_path / ".env"), problem)]
    assert file.values(NOTHING) == {}


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()

    [problem] = EnvFile.read(tmp_path / ".env", NOTHING).problems

    assert problem.problem == "cannot be read: is a directory"


def test_without_the_file_nothing_is_set_and_nothing_is_wrong(tmp_path: Path) -> None:
    file = EnvFile.read(tmp_path / ".env", NOTHING)

    assert (file.values(NOTHING), file.problems) == ({}, ())


def test_a_reference_takes_the_environment_first(tmp_path: Path) -> None:
    file = env_file(tmp_path, "A=x\nB=${A}/${HOME_OF_TESTS}")

    assert file.values({"A": "given", "HOME_OF_TESTS": "h"})["B"] == "given/h"
    assert compose_values(file.text, {"A": "given", "HOME_OF_TESTS": "h"})["B"] == "given/h"


NAMES = st.sampled_from(["A", "B", "AIRWATCH_AREA", "1A", "A.b", "A b", "export", ""])
PIECES = st.sampled_from(
    [*"ab1 \t#$'\"\\={}:-", "${A}", "${B:-x}", " # ", "$A", "\\n", "\\'", "ü", "\u00a0", "\r", "\n", "\n"]
)
LINES = st.builds(
    lambda start, name, equals, value: f"{start}{name}{equals}{value}",
    st.sampled_from(["", "export ", "  ", "# "]),
    NAMES,
    st.sampled_from(["=", " = ", "=\t", ":", ""]),
    st.lists(PIECES, max_size=8).map("".join),
)


@given(st.lists(LINES, max_size=4).map("\n".join))
def test_whatever_is_accepted_means_the_same_to_every_reader(text: str) -> None:
    file = EnvFile.of(Path(".env"), text, NOTHING)
    if not file.problems:
        assert file.values(NOTHING) == compose_values(text, NOTHING) == dotenv_values(stream=io.StringIO(text))


def test_a_file_of_any_size_is_read_up_to_that_of_settings(tmp_path: Path) -> None:
    with (tmp_path / ".env").open("wb") as file:
        file.write(b"AIRWATCH_AREA=us\n")
        file.truncate(100_000_000)

    found = EnvFile.read(tmp_path / ".env", {})

    assert found.text == ""
    assert [one.problem for one in found.problems] == ["is larger than 256 kB, so it is no file of settings"]
