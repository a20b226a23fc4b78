"""Errors of S3 and its Python client as AirWatch errors: one sentence with a fix."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from airwatch_dagster.certificates import certificate_problem
from airwatch_dagster.errors import AirWatchError, ConfigurationError, StorageError

_CHECKSUMS: Final = "AWS_REQUEST_CHECKSUM_CALCULATION=when_required and AWS_RESPONSE_CHECKSUM_VALIDATION=when_required"
"""Settings for servers that do not support the S3 checksums of 2025."""


@dataclass(frozen=True)
class _KnownError:
    codes: tuple[str, ...]
    """S3 error codes, HTTP statuses (for responses without a body), or exceptions of the client."""
    problem: str
    fix: str
    setting: str | None = None
    """The setting to correct, ``{place}`` for the one that names the bucket; None when the settings may be correct."""
    retry_helps: bool = False


_KNOWN_ERRORS: Final = (
    _KnownError(
        ("NoSuchBucket",),
        "bucket {bucket!r} does not exist",
        "Create the bucket, or name another one in {place}",
        setting="{place}",
    ),
    _KnownError(
        ("InvalidBucketName", "ParamValidationError"),
        "{uri!r} is not a valid place on S3",
        "Use s3://bucket/prefix with a bucket name of lower-case letters, digits, dots and hyphens",
        setting="{place}",
    ),
    _KnownError(
        ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"),
        "AWS credentials for {uri} are missing or incomplete",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run on a machine with an AWS role",
        setting="AWS_ACCESS_KEY_ID",
    ),
    _KnownError(
        ("SignatureDoesNotMatch",),
        "the secret does not belong to the access key",
        "Correct AWS_SECRET_ACCESS_KEY and AWS_ACCESS_KEY_ID",
        setting="AWS_SECRET_ACCESS_KEY",
    ),
    _KnownError(
        ("InvalidAccessKeyId", "UnrecognizedClientException"),
        "the access key is not registered at the server",
        "Correct AWS_ACCESS_KEY_ID, or point AWS_ENDPOINT_URL at the server that issued it",
        setting="AWS_ACCESS_KEY_ID",
    ),
    _KnownError(
        ("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "TokenRetrievalError", "SSOError"),
        "the session has expired or is not valid",
        "Log in to AWS again",
        setting="AWS_SESSION_TOKEN",
    ),
    _KnownError(
        ("ProfileNotFound",),
        "the profile does not exist",
        "Correct AWS_PROFILE, or add the profile",
        setting="AWS_PROFILE",
    ),
    _KnownError(
        (
            "ConfigParseError",
            "ConfigNotFound",
            "InfiniteLoopConfigError",
            "InvalidConfigError",
            "UnknownCredentialError",
        ),
        "the AWS client cannot read its configuration",
        "Correct the files that they name, by default ~/.aws/config and ~/.aws/credentials",
        setting="AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE",
    ),
    _KnownError(
        ("InvalidRegionError",),
        "is not a valid name of a region",
        "Use the region of the bucket, such as us-east-1",
        setting="AWS_DEFAULT_REGION",
    ),
    _KnownError(
        (
            *("InvalidRetryConfigurationError", "InvalidRetryModeError", "InvalidMaxRetryAttemptsError"),
            *("InvalidChecksumConfigError", "InvalidDefaultsMode", "InvalidS3AddressingStyleError"),
            *("UnsupportedS3ConfigurationError", "InvalidSTSRegionalEndpointsConfigError"),
        ),
        "the AWS client rejects one of its settings ({code})",
        "Correct the variable AWS_… or the line of ~/.aws/config that this is about",
        setting="AWS_CONFIG_FILE and AWS_*",
    ),
    _KnownError(
        ("PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"),
        "bucket {bucket!r} is in another region",
        "Set AWS_DEFAULT_REGION to the region of the bucket",
        setting="AWS_DEFAULT_REGION",
    ),
    _KnownError(
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "403"),
        "access is denied",
        "Allow this AWS identity s3:ListBucket on the bucket, s3:GetObject and s3:PutObject on its objects",
    ),
    _KnownError(("RequestTimeTooSkewed",), "this machine's clock differs from the server's", "Set the clock"),
    _KnownError(
        ("FlexibleChecksumError", "MissingContentLength", "NotImplemented", "XAmzContentSHA256Mismatch", "411", "501"),
        "client and server do not agree on checksums",
        f"Set {_CHECKSUMS}",
    ),
    _KnownError(
        ("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "500", "502", "503", "504"),
        "the server is overloaded or broken",
        "Try again later",
        retry_helps=True,
    ),
    _KnownError(
        ("ConnectionError", "HTTPClientError", "IncompleteReadError"),
        "the S3 server does not respond",
        "Start the server, or correct AWS_ENDPOINT_URL and AWS_DEFAULT_REGION",
        retry_helps=True,
    ),
    _KnownError(
        ("EndpointResolutionError", "EndpointProviderError", "InvalidEndpointConfigurationError", "ValueError"),
        "is not a valid server address",
        "Use http:// or https:// with a host name, and a port where needed",
        setting="AWS_ENDPOINT_URL",
    ),
)

_OTHER: Final = _KnownError((), "S3 failed with {code}", "Look it up in the manual of the S3 server or of botocore")


@contextlib.contextmanager
def s3_errors(uri: str, *, setting: str) -> Iterator[None]:
    """Raise ConfigurationError with the wrong setting, or StorageError with ``uri``, for whatever S3 raises inside.

    ``setting`` is the setting that names the bucket. The client's own text stays out of the message: it may contain
    addresses and keys.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
        codes = [str(error.response.get("Error", {}).get("Code", "")), str(status)]
        raise _translated(codes, uri=uri, place=setting) from error
    except (BotoCoreError, ValueError) as error:
        if refused := certificate_problem(error, setting="AWS_CA_BUNDLE"):
            problem = f"the certificate of the server {refused.problem}"
            raise ConfigurationError("AWS_ENDPOINT_URL", problem, fix=refused.fix) from None
        raise _translated([kind.__name__ for kind in type(error).__mro__], uri=uri, place=setting) from error


def _translated(codes: Sequence[str], *, uri: str, place: str) -> AirWatchError:
    """The error for the first known of ``codes``, which are ordered from specific to general."""
    matches = (known for code in codes for known in _KNOWN_ERRORS if code in known.codes)
    known = next(matches, _OTHER)
    values = {"bucket": urlsplit(uri).netloc, "uri": uri, "code": next(filter(None, codes)), "place": place}
    problem, fix = known.problem.format(**values), known.fix.format(**values)
    if known.setting is not None:
        return ConfigurationError(known.setting.format(**values), problem, fix=fix)
    return StorageError(uri, problem, fix=fix, retry_helps=known.retry_helps)
