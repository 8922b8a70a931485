"""``/healthz``, ``/readyz`` and ``/metrics``: for the kubelet, and for Prometheus."""

from typing import TYPE_CHECKING

from cmp.refresh.health import STANDBY, Health
from cmp.refresh.meter import CONTENT_TYPE, Meter
from cmp.refresh.wsgi import Answer, application

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_WELL, _ILL = "200 OK", "503 Service Unavailable"


def operations(health: Health, meter: Meter) -> "WSGIApplication":
    """Return what serves them; nothing secret is in any of it."""

    def healthz(_: "WSGIEnvironment") -> Answer:
        stuck = health.stuck
        return Answer(_ILL if stuck else _WELL, stuck or "alive")

    def readyz(_: "WSGIEnvironment") -> Answer:
        unready = health.unready
        return Answer(
            _ILL if unready else _WELL, unready or ("at work" if health.is_leading else STANDBY)
        )

    def metrics(_: "WSGIEnvironment") -> Answer:
        return Answer(_WELL, meter.text(), kind=CONTENT_TYPE)

    return application(
        {"/healthz": {"GET": healthz}, "/readyz": {"GET": readyz}, "/metrics": {"GET": metrics}}
    )
