"""What the work is told to and asks: measures, signs of life, how long changes take, the time."""

from dataclasses import dataclass, field

from cmp.refresh.clock import Clock
from cmp.refresh.health import Health
from cmp.refresh.lags import Lags
from cmp.refresh.meter import Meter


@dataclass(frozen=True, slots=True)
class Instruments:
    """Those of one refresher."""

    meter: Meter = field(default_factory=Meter)
    health: Health = field(default_factory=Health)
    lags: Lags = field(default_factory=Lags)
    clock: Clock = field(default_factory=Clock)
