"""Words that were replaced by the field's own do not come back, as names or in sentences (docs/glossary.md)."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("airwatch_dagster", "airwatch_dagster_tests", "benchmarks")
TEXT = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", ".env.example", "docs", "airwatch_dagster", "benchmarks")

RETIRED_NAMES = {
    "Appointment": "ResolvedOverride",
    "ChampionOrder": "ChampionOverride",
    "Evidence": "pass the frames",
    "KeptFiles": "DownloadCache",
    "LearnedFrom": "TrainingData",
    "Lesson": "HorizonData",
    "Lessons": "TrainingMatrix",
    "LiveRuns": "RunLocks",
    "LocalLaw": "SiteRegression",
    "LookOrder": "RecheckConfig",
    "Offering": "SourceDefaults",
    "Origin": "SourceLocation or ForecastProvenance",
    "PayloadArchive": "ResponseCache",
    "Produced": "AssetResult",
    "RECIPES": "MODEL_FAMILIES",
    "ReadingOrder": "IngestConfig",
    "are_news": "adds_information",
    "asked_after": "cached_after",
    "examined": "validate_override",
    "hyper_parameters": "hyperparameters",
    "look_back": "recheck_history",
    "note_service": "tag_served_months",
    "of_dagster_run": "runs_of_dagster_run",
    "passed_over": "rejected",
    "restated_by": "equivalent_rows",
    "rise": "log_anomaly",
    "usual_log": "log_mean_28d",
    "without_strangers": "drop_other_parameters",
}
"""Name → what it is called now."""

RETIRED_PARTS = {
    *("appoint", "appointment", "appointments", "claimant", "claimants", "crown", "crowned", "elected"),
    *("law", "laws", "ledger", "ledgers", "lesson", "lessons", "oddities", "oddity", "patience", "patiently"),
    *("picture", "pictures", "reread", "shortcoming", "spoken"),
}
"""Words that are no part of any name."""

RETIRED_FILES = {
    *("appointments", "claimants", "contracts", "dark_areas", "draws", "exact", "exchange", "explanation", "flow"),
    *("history_looks", "home", "kept_files", "ledgers", "looking_back", "monitor_lists", "notable_revisions", "orders"),
    *(
        "origins",
        "patience",
        "payloads",
        "pictures",
        "reading_orders",
        "side_by_side",
        "statements",
        "stretches",
        "terms",
    ),
}

RETIRED_PHRASES = {
    "say 'is not a valid …'": r"(?<!there )\bis no (?:area|bucket|day|distance|month|number|place|port)"
    r"|(?<!there )\bis no (?:source|table|time|well-)",
    "say 'observed'": r"\bcame true\b|\bcome true\b|\bmet (?:their|its) truth\b",
    "say 'rebuilt' or 'requested again'": r"\b(?:made|asked|read|told|chosen|cut|pulled) anew\b",
    "say 'probabilities'": r"\bchances of\b",
    "say 'change tables'": r"\bledgers?\b",
    "say 'hyperparameters'": r"\bhyper-parameters?\b",
}
"""What to say instead → what no sentence holds."""

HISTORY = {"CHANGELOG.md"}
"""Files that name what was renamed."""


def names(path: Path) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.NAME:
            yield token.string


def sources() -> list[Path]:
    return [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]


def texts() -> Iterator[Path]:
    for name in TEXT:
        path = ROOT / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (one for one in found if one.suffix in (".py", ".md", ".example") or one.name == ".env.example")


def test_no_retired_name_comes_back() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources()
        for name in names(path)
        if name in RETIRED_NAMES or RETIRED_PARTS & set(name.lower().split("_"))
    }

    assert sorted(found) == []


def test_no_file_has_a_retired_name() -> None:
    assert [str(path.relative_to(ROOT)) for path in sources() if path.stem.removeprefix("test_") in RETIRED_FILES] == []


def test_no_sentence_holds_a_retired_phrase() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]!r}: {instead}"
        for path in texts()
        if path.name not in HISTORY
        for instead, pattern in RETIRED_PHRASES.items()
        for match in re.finditer(pattern, path.read_text(encoding="utf-8"))
    ]

    assert found == []
