"""Fetches timm's pretrained weights from their hub, or finds them in its cache."""

import logging
from typing import Any

from benchmark.machine.timm_import import timm
from benchmark.networks.network import Trained
from results.error import CatsError, first_line

log = logging.getLogger(__name__)


def timm_weights(full_name: str, instead: str) -> Trained:
    """timm's pretrained weights, fetched from their hub or found in its cache.

    `instead`: the file that would serve instead, and its folder. Raises CatsError if the weights cannot be fetched.
    """
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it logs every retry twice
    log.info("fetching %s", full_name)
    try:
        model = timm.create_model(full_name, pretrained=True)
    except Exception as error:  # the hub's client raises errors of many libraries
        raise CatsError(
            f"timm's weights {full_name} could not be fetched ({first_line(error)}); fetch them once where there is "
            f"a network, or put a file {instead}"
        ) from error
    described: dict[str, Any] = model.pretrained_cfg  # type: ignore[assignment]
    return Trained(model.state_dict(), tuple(described["mean"]), tuple(described["std"]), origin=f"timm's {full_name}")
