"""What a failed check says."""

from airwatch_dagster.orchestration.tables.checks import Check

CHECK = Check("Every area reports", follows="Forecasts rest on others.", todo="Ask the agency.")


def test_a_failure_of_a_partition_says_what_failed_what_follows_and_what_to_do() -> None:
    assert (
        CHECK.failed("no reading since Monday.") == "No reading since Monday. Forecasts rest on others. Ask the agency."
    )


def test_a_run_names_its_first_failed_partitions_and_counts_the_rest() -> None:
    failures = {f"2021-{month:02d}": f"{month} silent sites" for month in range(1, 6)}

    assert CHECK.failed_in(failures, partitions=12) == (
        "5 of 12 partitions failed. 2021-01: 1 silent sites; 2021-02: 2 silent sites; 2021-03: 3 silent sites; and 2 "
        "more. Forecasts rest on others. Ask the agency."
    )
    assert CHECK.failed_in({"2021-01": "silence"}, partitions=1).startswith("2021-01: silence. Forecasts")


def test_the_check_itself_says_what_it_expects_and_what_a_failure_means() -> None:
    assert CHECK.description == "Every area reports. If not: forecasts rest on others. Ask the agency."
