"""What the work is told to: measures, signs of life, and the time that changes take."""

from dataclasses import dataclass, field

from cmp.refresh.health import Health
from cmp.refresh.lags import Lags
from cmp.refresh.meter import Meter


@dataclass(frozen=True, slots=True)
class Instruments:
    """Those of one refresher."""

    meter: Meter = field(default_factory=Meter)
    health: Health = field(default_factory=Health)
    lags: Lags = field(default_factory=Lags)
