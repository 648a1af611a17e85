"""Energy and mass in units that people read, one unit with a prefix for all figures of a table; shares and numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

# A household counts thousands of kWh, so that MWh begin at ten of them.
UNITS = (("MWh", 1e-3), ("kWh", 1.0), ("Wh", 1e3), ("mWh", 1e6), ("µWh", 1e9))  # name, and how many of it are 1 kWh
DURATIONS = (("s", 1), ("min", 60), ("h", 3600))  # name, and how many seconds it is
MASSES = (("kg", 1.0), ("g", 1e3), ("mg", 1e6), ("µg", 1e9))  # name, and how many of it are 1 kg


@dataclass(frozen=True)
class EnergyUnit:
    """A unit of energy. `per_kwh`: how many of it are 1 kWh."""

    name: str
    per_kwh: float

    def text(self, kwh: float | None, sign: str = "") -> str:
        """An energy in this unit, with three significant digits; `sign` comes before the number."""
        return "missing" if kwh is None else f"{sign}{three_digits(kwh * self.per_kwh)}"


LEAST = {"MWh": 10}
USUAL = EnergyUnit("Wh", 1e3)  # where no figure is known
KWH = EnergyUnit("kWh", 1.0)


@dataclass(frozen=True)
class MassUnit:
    """A unit of mass. `per_kg`: how many of it are 1 kg."""

    name: str
    per_kg: float


def energy_unit(kwh: Iterable[float | None]) -> EnergyUnit:
    """The unit for all figures of a table: the largest one in which the largest figure is 1 or more, of MWh 10 or more."""
    most = max((value for value in kwh if value is not None), default=0.0)
    if not most:
        return USUAL
    return next((EnergyUnit(*unit) for unit in UNITS if most * unit[1] >= LEAST.get(unit[0], 1) - 1e-9), EnergyUnit(*UNITS[-1]))


def energy_text(kwh: float | None, sign: str = "") -> str:
    """One energy with its unit."""
    unit = energy_unit([kwh])
    return "missing" if kwh is None else f"{unit.text(kwh, sign)} {unit.name}"


def mass_unit(kg: float | None) -> MassUnit:
    """The unit for all masses of a table whose largest one is given: the largest unit in which it is 1 or more."""
    if not kg:
        return MassUnit("g", 1e3)
    return next((MassUnit(*unit) for unit in MASSES if kg * unit[1] >= 1 - 1e-9), MassUnit(*MASSES[-1]))


def mass_text(kg: float) -> str:
    """A mass with its unit."""
    unit = mass_unit(kg)
    return f"{three_digits(kg * unit.per_kg)} {unit.name}"


def duration_text(seconds: float) -> str:
    """A time with its unit: seconds up to two minutes, minutes up to two hours, then hours."""
    name, of = next(((name, of) for name, of in DURATIONS if seconds < 2 * of * 60), DURATIONS[-1])
    value = seconds / of
    return f"{value:,.0f} {name}" if value >= 1000 else f"{three_digits(value)} {name}"


def percent(share: float, decimals: int = 0) -> str:
    """A share as people read it: 0.05 is "5 %"."""
    return f"{100 * share:.{decimals}f} %"


def three_digits(value: float) -> str:
    """Three significant digits and no exponent; of large numbers all digits before the point."""
    return significant(value, 3)


def significant(value: float, digits: int) -> str:
    """So many significant digits and no exponent, as people write numbers; of large ones all digits before the point."""
    if abs(value) >= 10**digits:
        return f"{value:.0f}"
    text = f"{value:.{digits}g}"
    return f"{Decimal(text):f}" if "e" in text else text
