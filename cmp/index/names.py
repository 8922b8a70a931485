"""Identities as names of documents: percent-encoded into one path component."""

_HEXADECIMAL = frozenset(b"0123456789ABCDEFabcdef")
_LONGEST = 230  # of the 255 bytes a file's name may have; a temporary file's name adds to it
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def encode(identity: str) -> str:
    """Return ``registry.test%2Fteam%2Fapp`` for ``registry.test/team/app`` (RFC 3986, 2.1).

    A leading dot is encoded too, so that no name is hidden or leads elsewhere. What would
    be too long for a file's name is cut, and ends in a hash instead; the document says whom
    it is about.
    """
    encoded = "".join(
        chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in identity.encode()
    )
    if encoded.startswith("."):
        encoded = f"%2E{encoded[1:]}"
    if len(encoded) <= _LONGEST:
        return encoded
    from hashlib import sha256

    return f"{encoded[: _LONGEST - 65]}~{sha256(identity.encode()).hexdigest()}"


def is_cut(name: str) -> bool:
    """Tell whether a name may be of an identity that was too long: `decode` gives only a part."""
    return len(name) == _LONGEST and name[-65] == "~"


def decode(name: str) -> str:
    """Return what `encode` was given; text that is not encoded stands for itself."""
    head, *parts = name.encode().split(b"%")
    decoded = bytearray(head)
    for part in parts:
        if len(part) > 1 and _HEXADECIMAL.issuperset(part[:2]):
            decoded += bytes.fromhex(part[:2].decode()) + part[2:]
        else:
            decoded += b"%" + part
    return decoded.decode(errors="replace")
