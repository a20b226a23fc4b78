import pytest

from airwatch_dagster.acquire.http.redaction import without_credentials, without_queries, without_secrets

SECRETS = {"email": "someone@example.org", "key": "sesame-42"}


def test_a_url_is_shown_without_credentials() -> None:
    assert without_credentials("https://me:sesame-42@host:8443/path?key=x#y") == "https://host:8443/path"


def test_queries_are_hidden_up_to_the_next_blank() -> None:
    text = without_queries('"GET /daily?email=a&key=b HTTP/1.1" 200, then /other?x=1 and /plain')
    assert text == '"GET /daily?(hidden) HTTP/1.1" 200, then /other?(hidden) and /plain'


@pytest.mark.parametrize(
    "text", ["someone@example.org", "SOMEONE%40EXAMPLE.ORG", "Sesame-42", "?email=someone%40example.org&key=sesame-42"]
)
def test_secrets_are_hidden_in_any_case_plain_or_url_encoded(text: str) -> None:
    shown = without_secrets(f"before {text} after", SECRETS).lower()
    assert [word for word in ("someone", "example", "sesame") if word in shown] == []
    assert shown.startswith("before ")
    assert shown.endswith(" after")


def test_the_value_of_a_secret_parameter_is_hidden_whatever_it_is() -> None:
    assert without_secrets("?key=another&param=88101", SECRETS) == "?key=***&param=88101"
