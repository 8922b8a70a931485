"""What a scalar is to Argo CD's YAML parser (go.yaml.in/yaml/v2, resolve.go)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cmp.core.yaml_tree import Scalar

Plain = str | int | float | bool | None

_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_CONSTANTS: dict[str, Plain] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(_NULL),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
# Go's ParseInt with base 0; no integer of 64 bits has more digits.
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<x>[0-9a-fA-F]+)|0[bB](?P<b>[01]+)|0[oO]?(?P<o>[0-7]+)"
    r"|(?P<d>0|[1-9][0-9]*))"
)
_BASES = {"x": 16, "b": 2, "o": 8, "d": 10}
_MOST_DIGITS = 100
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# Go's ParseFloat: an underscore may stand between two digits.
_DOTTED = re.compile(r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?")
_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
    "null": (type(None),),
    "timestamp": (str,),
}


def plain_value(scalar: Scalar) -> Plain:
    """Return the value of a scalar; raise `ValueError` for one that is no such as its tag says.

    A time is text, and so is a scalar with a tag of one's own.
    """
    kind = scalar.tag.removeprefix(_TAG)
    if kind == "binary":
        from base64 import b64decode

        return b64decode(scalar.value, validate=True).decode(errors="replace")
    if (scalar.style and not kind) or (kind and kind not in _TYPES):
        return scalar.value
    value = _value(scalar.value)
    if not kind:
        return value
    if type(value) not in _TYPES[kind]:
        raise ValueError(f"cannot decode {scalar.value!r} as !!{kind}")
    return float(value) if kind == "float" and type(value) is int else value


def _value(text: str) -> Plain:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "0123456789+-.":
        return text
    if text[0] == ".":
        return _float(text, text) if _DOTTED.fullmatch(text) else text
    digits = text.replace("_", "")
    integer = _integer(digits)
    if integer is not None:
        return integer
    return _float(digits, text) if _FLOAT.fullmatch(digits) else text


def _float(digits: str, text: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else text


def _integer(digits: str) -> int | None:
    """Return an integer of 64 bits, with a sign or, unless one is written, without."""
    found = _INTEGER.fullmatch(digits) if len(digits) <= _MOST_DIGITS else None
    if found is None:
        return None
    base = next(name for name in _BASES if found[name] is not None)
    number = int(found[base], _BASES[base]) * (-1 if found["sign"] == "-" else 1)
    most = 2**63 if found["sign"] else 2**64
    return number if -(2**63) <= number < most else None
