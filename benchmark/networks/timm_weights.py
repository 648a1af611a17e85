"""Fetches timm's pretrained weights from their hub, or finds them in its cache."""

import logging
from typing import Any

from benchmark.machine.timm_import import timm
from benchmark.networks.hub_refusal import hub_refusal
from benchmark.networks.network import Trained

log = logging.getLogger(__name__)


def timm_weights(full_name: str, instead: str, gate: str = "") -> Trained:
    """timm's pretrained weights, fetched from their hub or found in its cache.

    `instead`: the file that would serve instead, and its folder; `gate`: where a licence is accepted.

    Raises CatsError if the weights cannot be fetched.
    """
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it logs every retry twice
    log.info("fetching %s", full_name)
    try:
        model = timm.create_model(full_name, pretrained=True)
    except Exception as error:  # the hub's client raises errors of many libraries
        known = timm.models.get_pretrained_cfg(full_name)
        repository = str((known and known.hf_hub_id) or "")
        other = f"fetch them once where there is a network, or put a file {instead}"
        raise hub_refusal(error, f"timm's weights {full_name}", repository, gate, other) from error
    described: dict[str, Any] = model.pretrained_cfg  # type: ignore[assignment]
    return Trained(model.state_dict(), tuple(described["mean"]), tuple(described["std"]), origin=f"timm's {full_name}")
