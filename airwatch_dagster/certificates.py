"""What is wrong with a server's certificate, and what to do: one sentence for every client that refuses it."""

import ssl
from typing import Final, NamedTuple


class CertificateProblem(NamedTuple):
    """Why a client refused a certificate."""

    problem: str
    """Follows "the certificate of HOST": ``is signed by itself``."""
    fix: str


_EXPIRED, _NOT_YET, _SELF_SIGNED, _SELF_SIGNED_IN_CHAIN, _NO_ISSUER, _UNVERIFIED, _OTHER_HOST, _OTHER_ADDRESS = (
    *(10, 9, 18, 19, 20, 21),
    *(62, 64),
)
"""Source: OpenSSL, x509_vfy.h."""

_CLOCK: Final = "Check this machine's clock; if it is right, whoever runs the server must renew the certificate"
_TRUST: Final = (
    "If the server is the right one, set {setting} to a file with the certificate of the authority that signed it; "
    "a proxy that reads https has one of its own"
)
_PROBLEMS: Final = {
    _EXPIRED: ("has expired", _CLOCK),
    _NOT_YET: ("is not valid yet", _CLOCK),
    _SELF_SIGNED: ("is signed by itself", _TRUST),
    _SELF_SIGNED_IN_CHAIN: ("is signed by an authority that this machine does not know", _TRUST),
    _NO_ISSUER: ("is signed by an authority that this machine does not know", _TRUST),
    _UNVERIFIED: ("is signed by an authority that this machine does not know", _TRUST),
}


def certificate_problem(error: BaseException, *, setting: str) -> CertificateProblem | None:
    """Why ``error``, or one that caused it, refused a certificate; None when no certificate is at fault.

    ``setting`` names the variable with the file of authorities that the client trusts.
    """
    found = _refusal(error)
    if found is None:
        return None
    if not isinstance(found, ssl.SSLCertVerificationError) or found.verify_code in (_OTHER_HOST, _OTHER_ADDRESS):
        fix = "Use the name that the certificate is for, or have one made for this name; a redirected or wrong server "
        return CertificateProblem("is for another host", f"{fix}has another's too")
    problem, fix = _PROBLEMS.get(found.verify_code, (f"is refused ({found.verify_message})", _TRUST))
    return CertificateProblem(problem, fix.format(setting=setting))


def _refusal(error: BaseException) -> BaseException | None:
    """The refusal behind an error of requests, urllib3 or botocore: a cause, a context, a reason or an argument.

    It is Python's, or urllib3's own CertificateError, which tells of another host only.
    """
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, ssl.SSLCertVerificationError) or type(one).__name__ == "CertificateError":
            return one
        seen.add(id(one))
        behind = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [other for other in behind if isinstance(other, BaseException) and id(other) not in seen]
    return None
