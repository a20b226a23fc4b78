"""What S3 and its Python client say when something is wrong, as one sentence with a fix."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from airwatch_dagster.errors import AirWatchError, ConfigurationError, StorageError

_CHECKSUMS: Final = "AWS_REQUEST_CHECKSUM_CALCULATION=when_required and AWS_RESPONSE_CHECKSUM_VALIDATION=when_required"
"""Settings under which servers that do not know the checksums of 2025 still work."""


@dataclass(frozen=True)
class _Trouble:
    signs: tuple[str, ...]
    """S3 error codes, HTTP statuses (where a response has no body to hold a code), or exceptions of the client."""
    problem: str
    fix: str
    setting: str | None = None
    """The setting to correct; None when the settings may be right."""
    retry_helps: bool = False


_KNOWN: Final = (
    _Trouble(
        ("NoSuchBucket",),
        "there is no bucket {bucket!r}",
        "Create the bucket, or name another one in AIRWATCH_STORAGE",
        setting="AIRWATCH_STORAGE",
    ),
    _Trouble(
        ("InvalidBucketName", "ParamValidationError"),
        "{uri!r} is no possible place on S3",
        "Use s3://bucket/prefix with a bucket name of lower-case letters, digits, dots and hyphens",
        setting="AIRWATCH_STORAGE",
    ),
    _Trouble(
        ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
        "there are no complete AWS credentials to open {uri} with",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where AWS gives the machine a role",
        setting="AWS_ACCESS_KEY_ID",
    ),
    _Trouble(
        ("SignatureDoesNotMatch",),
        "the secret does not belong to the access key",
        "Correct AWS_SECRET_ACCESS_KEY and AWS_ACCESS_KEY_ID",
        setting="AWS_SECRET_ACCESS_KEY",
    ),
    _Trouble(
        ("InvalidAccessKeyId", "UnrecognizedClientException"),
        "the server does not know the access key",
        "Correct AWS_ACCESS_KEY_ID, or point AWS_ENDPOINT_URL at the server that issued it",
        setting="AWS_ACCESS_KEY_ID",
    ),
    _Trouble(
        ("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "TokenRetrievalError", "SSOError"),
        "the session has expired or is not valid",
        "Log in to AWS again",
        setting="AWS_SESSION_TOKEN",
    ),
    _Trouble(
        ("ProfileNotFound",),
        "there is no such profile",
        "Correct AWS_PROFILE, or add the profile",
        setting="AWS_PROFILE",
    ),
    _Trouble(
        ("PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"),
        "bucket {bucket!r} is in another region",
        "Set AWS_DEFAULT_REGION to the region of the bucket",
        setting="AWS_DEFAULT_REGION",
    ),
    _Trouble(
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "403"),
        "access is denied",
        "Allow this AWS identity s3:ListBucket on the bucket, s3:GetObject and s3:PutObject on its objects",
    ),
    _Trouble(("RequestTimeTooSkewed",), "this machine's clock differs from the server's", "Set the clock"),
    _Trouble(
        ("FlexibleChecksumError", "MissingContentLength", "NotImplemented", "XAmzContentSHA256Mismatch", "411", "501"),
        "client and server do not agree on checksums",
        f"Set {_CHECKSUMS}",
    ),
    _Trouble(
        ("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "500", "502", "503", "504"),
        "the server is overloaded or broken",
        "Try again later",
        retry_helps=True,
    ),
    _Trouble(
        ("ConnectionError", "HTTPClientError", "IncompleteReadError"),
        "the S3 server does not answer",
        "Start the server, or correct AWS_ENDPOINT_URL and AWS_DEFAULT_REGION",
        retry_helps=True,
    ),
    _Trouble(
        ("ValueError",),
        "is no address of a server",
        "Use http:// or https:// with a host name, and a port where needed",
        setting="AWS_ENDPOINT_URL",
    ),
)

_OTHER: Final = _Trouble((), "S3 failed with {sign}", "Look it up in the documentation of the S3 server or of botocore")


@contextlib.contextmanager
def explained(uri: str) -> Iterator[None]:
    """Raise ConfigurationError or StorageError, naming the wrong setting or ``uri``, for whatever S3 raises inside.

    The client's own words stay out of the message: they may hold addresses and keys.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _in_words(_codes(error.response), uri=uri) from error
    except (BotoCoreError, ValueError) as error:
        raise _in_words([kind.__name__ for kind in type(error).__mro__], uri=uri) from error


def _codes(response: Any) -> list[str]:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    return [str(response.get("Error", {}).get("Code", "")), str(status)]


def _in_words(signs: Sequence[str], *, uri: str) -> AirWatchError:
    """``signs`` from the most telling to the most general."""
    matches = (trouble for sign in signs for trouble in _KNOWN if sign in trouble.signs)
    trouble = next(matches, _OTHER)
    problem = trouble.problem.format(bucket=urlsplit(uri).netloc, uri=uri, sign=next(filter(None, signs)))
    if trouble.setting is not None:
        return ConfigurationError(trouble.setting, problem, fix=trouble.fix)
    return StorageError(uri, problem, fix=trouble.fix, retry_helps=trouble.retry_helps)
