"""The tables of docs/explanation/alarms.md, from what `benchmarks.alarm_replay --write` put into the package.

    python -m benchmarks.alarm_tables

Prints Markdown: alarms in 24 undisturbed area-months by rule, scale and season, and what is found of faults.
"""

from collections.abc import Iterable

import pandas as pd

from airwatch_dagster.watch.replay.operating_characteristic import injected_faults, undisturbed_months
from benchmarks.alarm_measure import ANY, NATION_AND_STATES

SEASONS = ("winter", "spring", "summer", "autumn")
SCALES = ("nation", "state", "metropolitan area")


def main() -> None:
    print(undisturbed(undisturbed_months()))
    print()
    print(faults(injected_faults()))


def undisturbed(table: pd.DataFrame) -> str:
    """Alarms in 24 area-months by season, in an area-year, and in months of smoke; rules that never alarm are named
    below."""
    lines, silent = [], {}
    is_kept = (table["scale"] != NATION_AND_STATES) | (table["rule"] == ANY)
    for scale, of_scale in table[is_kept].groupby("scale", sort=False):
        for rule, rows in of_scale.groupby("rule", sort=False):
            if not rows["alarm_months"].sum() and not rows["smoke_alarm_months"].sum():
                silent.setdefault(str(scale), []).append(f"`{rule}`")
                continue
            seasons = rows.set_index("season").reindex(SEASONS)
            rates = [_rate(24, row.alarm_months, row.area_months) for row in seasons.itertuples()]
            year = _rate(12, rows["alarm_months"].sum(), rows["area_months"].sum())
            smoke = f"{rows['smoke_alarm_months'].sum()} of {rows['smoke_months'].sum()}"
            months = str(int(rows["area_months"].sum()))
            lines.append([str(scale), rows["cause"].iloc[0], f"`{rule}`", *rates, year, months, smoke])
    head = ["scale", "cause", "rule", *SEASONS, "an area-year", "area-months", "months of smoke"]
    never = [f"Never, at the scale {scale}: {', '.join(rules)}." for scale, rules in silent.items()]
    return "\n".join([_table(head, lines), "", *never])


def faults(table: pd.DataFrame) -> str:
    """A line per fault: by scale found of cases, and in how many days; over all scales the flags and the causes."""
    lines = []
    for fault, rows in table.groupby("fault", sort=False):
        scales = rows.set_index("scale").reindex(SCALES)
        found = [
            "–" if pd.isna(row.cases)
            else f"{row.found_share * row.cases:.0f} of {row.cases:.0f}"
            + (f", {row.median_days:.0f} days" if row.found_share > 0 else "")
            for row in scales.itertuples()
        ]  # fmt: skip
        cases = rows["cases"].sum()
        flagged = f"{100 * (rows['flagged_share'] * rows['cases']).sum() / cases:.0f} %"
        count = (rows["found_share"] * rows["cases"]).sum()
        right = (rows["cause_share"] * rows["found_share"] * rows["cases"]).sum()
        lines.append(
            [str(fault), flagged, *found, f"{right:.0f} of {count:.0f}" if count else "–", _merged(rows["rules"])]
        )
    head = ["fault", "flagged in 3 days", *SCALES, "cause right", "found by"]
    return _table(head, lines)


def _merged(counted: pd.Series) -> str:
    """``a 3, b 1`` of several rows as names, most frequent first."""
    pairs = [one.rsplit(" ", 1) for row in counted.dropna() for one in row.split(", ")]
    counts = pd.Series([int(count) for _, count in pairs], index=[name for name, _ in pairs], dtype=int)
    return ", ".join(f"`{name}`" for name in counts.groupby(level=0).sum().sort_values(ascending=False).index[:3])


def _rate(of: int, alarms: float, months: float) -> str:
    return "–" if not months > 0 else f"{of * alarms / months:.2f}" if alarms else "0"


def _table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = list(head)
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])


if __name__ == "__main__":
    main()
