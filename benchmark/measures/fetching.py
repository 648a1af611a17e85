"""Collects the inputs of measures. What waits for a network or reads images is done before work is measured."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmark.machine.meter import Meter
from benchmark.measures.inputs import MeasureInputs
from benchmark.measures.trained_network import untrained
from benchmark.networks.load import weights_error
from benchmark.specs.needs import NUMBERS, OF_SOURCE, Undefined
from benchmark.training.features import unready
from results.error import CatsError, DiskError

EMBEDDED = NUMBERS - {"logits", "probabilities"}  # needs that are features, which may be stored
THROUGH = NUMBERS | {"network", "neutral_network"}  # needs that are made with the weights of a network
FETCHED = ("hub", "timm", "mlflow")  # kinds of starts whose weights come over a network


@dataclass
class Gathered:
    """Inputs by need, reasons why an input is not on this machine, reasons why an input does not exist."""

    inputs: dict[str, Any] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)

    def made(self, act: Callable[[], Any], need: str) -> Any:
        """What `act` returns; None, and the reason is kept, if it raises Undefined or CatsError, but for a full disk."""
        try:
            return act()
        except Undefined as error:
            self.undefined[need] = str(error)
        except DiskError:  # says nothing of the pair: its attempt has failed, and is repeated
            raise
        except CatsError as error:
            self.absent[need] = str(error)


class Gatherer:
    """Collects the inputs of the pairs of one call. Weights that a hub did not give to a pair are not asked for again."""

    def __init__(self) -> None:
        self._unfetched: dict[str, str] = {}  # key of a start → why its weights could not be fetched

    def gather(self, inputs: MeasureInputs, needs: Iterable[str], meter: Meter) -> Gathered:
        """The inputs with these needs. Their computation is the phase "features"; fetching is in no phase."""
        found, needs = Gathered(), sorted(set(needs))
        _ = inputs.draws  # reads the images of the source, which is no work of the first measure
        for need in needs:
            found.made(partial(self._fetch, inputs, need), need)
        with meter.phase("features"):
            for need in needs:
                if need not in found.absent and need not in found.undefined:
                    found.inputs[need] = found.made(partial(inputs.get, need), need)
        return found

    def _fetch(self, inputs: MeasureInputs, need: str) -> None:
        """Load the images of the source and the weights from which a need is made. Raises like MeasureInputs.get."""
        chosen = inputs.source_pool if need in OF_SOURCE else inputs.target
        if need not in THROUGH or need == "trained":  # the trained network is one of this machine
            return
        start = inputs.neutral if "neutral" in need else inputs.start
        start = untrained(start.backbone) if need == "untrained" else start
        if start.key in self._unfetched:
            raise CatsError(self._unfetched[start.key])
        embedded = need in EMBEDDED
        error = unready(start, chosen.images, chosen.rows, inputs.setting.recipe) if embedded else weights_error(start)
        if error is not None:
            if start.kind in FETCHED:
                self._unfetched[start.key] = str(error)
            raise error
