"""Certificates in PEM, checked where they are written rather than when a registry is asked."""

import re
import ssl

from cmp.errors import InvalidInput

_BEGIN = re.compile(r"-----BEGIN (?:X509 )?CERTIFICATE-----")
_WHOLE = re.compile(
    r"-----BEGIN (?P<kind>(?:X509 )?CERTIFICATE)-----.*?-----END (?P=kind)-----", re.DOTALL
)


def certificates(pem: str) -> str:
    """Return the certificates in ``pem``, and nothing else of it: no key, no text around.

    Raises `InvalidInput` when there is none, or one that cannot be read; it repeats nothing.
    """
    found = [match[0] for match in _WHOLE.finditer(pem)]
    begun = len(_BEGIN.findall(pem))
    if not begun:
        raise InvalidInput(
            "no certificate in PEM; it begins with the line -----BEGIN CERTIFICATE-----"
        )
    if len(found) < begun:
        raise InvalidInput("a certificate has no line -----END CERTIFICATE-----; copy it whole")
    for number, certificate in enumerate(found, start=1):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificate)
        except (ssl.SSLError, TypeError) as error:  # the latter where it is not ASCII
            raise InvalidInput(
                f"certificate {number} of {begun} is not PEM; copy it whole, line by line"
            ) from error
    return "".join(f"{certificate}\n" for certificate in found)
