"""Requests to a practice server, for tests of its faults."""

from datetime import date
from typing import Any

import requests

from airwatch_dagster.practice.faults.faults import Faults
from airwatch_dagster.practice.http import Request

TODAY = date(2024, 5, 10)
API = "/data/api/dailyData/byCBSA?email=a@b.c&key=practice&param=88101&bdate=20240101&edate=20240102&cbsa=16980"
MONITORS = API.replace("dailyData", "monitors")
ZIP = "/airdata/daily_88101_2024.zip"
LIST = "/airdata/file_list.csv"
AIRNOW = "/airnow/2024/20240509/daily_data_v2.dat"
FILES = (ZIP, LIST, AIRNOW)


def ask(url: str, timeout: float = 10.0, **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, headers=headers, timeout=timeout)


def request_for(target: str, **query: str) -> Request:
    return Request(target.partition("?")[0], query, {})


def sequence(plan: Faults, target: str = "/data/api/dailyData/byCBSA", times: int = 60, **query: str) -> list[Any]:
    return [plan.fault_for(request_for(target, **query)) for _ in range(times)]
