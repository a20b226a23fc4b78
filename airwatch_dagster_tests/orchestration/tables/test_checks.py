"""What a failed check says."""

from airwatch_dagster.orchestration.tables.checks import Check

CHECK = Check("Every area reports", follows="Forecasts rest on others.", todo="Ask the agency.")


def test_a_failure_of_a_partition_says_what_failed_what_follows_and_what_to_do() -> None:
    said = CHECK.failed("no reading since Monday.", partition="2021-01-04")
    assert said == "No reading since Monday. Forecasts rest on others. Ask the agency."
    assert CHECK.problem_in(said) == "No reading since Monday."


def test_its_commands_name_the_days_and_the_month_that_failed() -> None:
    check = Check(
        "Every area reports",
        follows="Forecasts rest on others.",
        todo="See `airwatch inspect coverage MONTH` and DAY; then `airwatch backfill FIRST LAST`.",
    )

    assert check.failed("silence", partition="2021-02") == (
        "Silence. Forecasts rest on others. See `airwatch inspect coverage 2021-02` and 2021-02-28; then "
        "`airwatch backfill 2021-02-01 2021-02-28`."
    )
    of_days = {"2021-02-03": "silence", "2021-02-05": "silence"}
    assert check.failed_in(of_days, partitions=3).endswith("`airwatch backfill 2021-02-03 2021-02-05`.")
    assert check.failed("silence", partition="monitors").endswith("`airwatch backfill FIRST LAST`.")
    assert check.problem_in(check.failed_in(of_days, partitions=1)) == "2021-02-03: silence; 2021-02-05: silence."


def test_a_run_names_its_first_failed_partitions_and_counts_the_rest() -> None:
    failures = {f"2021-{month:02d}": f"{month} silent sites" for month in range(1, 6)}

    assert CHECK.failed_in(failures, partitions=12) == (
        "5 of 12 partitions failed. 2021-01: 1 silent sites; 2021-02: 2 silent sites; 2021-03: 3 silent sites; and 2 "
        "more. Forecasts rest on others. Ask the agency."
    )
    assert CHECK.failed_in({"2021-01": "silence"}, partitions=1).startswith("2021-01: silence. Forecasts")


def test_the_check_itself_says_what_it_expects_and_what_a_failure_means() -> None:
    assert CHECK.description == "Every area reports. If not: forecasts rest on others. Ask the agency."
