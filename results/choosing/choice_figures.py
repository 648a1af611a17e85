"""The figures of an answer of `cats choose` in words: scores, losses, energy and time."""

from results.choosing.choice import Choice
from results.text.units import EnergyUnit, energy_unit, significant


def unit_of(choice: Choice) -> EnergyUnit:
    """The unit of all energies of an answer, which `cats cost` has for the same runs."""
    return energy_unit([choice.spent.kwh, choice.spent.known_kwh, *(lane.kwh for lane in choice.by_source)])


def loss_text(loss: float | None) -> str:
    """A validation loss; None is that of failed runs. Small ones have two digits of their own, to be told apart."""
    if loss is None:
        return "failed"
    return significant(loss, 2) if 0 < abs(loss) < 0.01 else f"{loss:.3f}"


def number_text(value: float, digits: int = 2) -> str:
    """A figure without the zero before its point: .31. One that three digits would show as zero has one digit of its own."""
    if 0 < abs(value) < 0.0005:
        text = significant(value, 1)
    else:
        text = f"{value:.3f}".rstrip("0") if 0 < abs(value) < 0.1 else f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if 0 < abs(value) < 1 else text
