"""Logs on standard error, as logfmt or JSON: a constant message, the rest as fields."""

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class LogfmtFormatter(logging.Formatter):
    """``level=info msg="image chosen" application=guestbook tag=v4``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; fields are what the call gave as ``extra``."""
        fields = _fields(record, self)
        return " ".join(f"{name}={_value(value)}" for name, value in fields.items())


class JsonFormatter(logging.Formatter):
    """``{"time": "…Z", "level": "info", "msg": "image chosen", "tag": "v4"}``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; fields are what the call gave as ``extra``."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {"time": time.replace("+00:00", "Z"), **_fields(record, self)}
        return json.dumps(fields, ensure_ascii=False)


FORMATS = {"logfmt": LogfmtFormatter, "json": JsonFormatter}


def _fields(record: logging.LogRecord, formatter: logging.Formatter) -> dict[str, str]:
    fields = {"level": record.levelname.lower(), "msg": record.getMessage()}
    fields |= {name: str(v) for name, v in vars(record).items() if name not in _STANDARD}
    if record.exc_info:
        fields["error"] = formatter.formatException(record.exc_info)
    return fields


def _value(text: str) -> str:
    if text and not any(char in text for char in ' ="\n\t\\'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def setup(level: str, form: str = "logfmt") -> None:
    """Send this program's logs of ``level`` and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATS[form]())
    logger = logging.getLogger("cmp")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
