"""Hand-made runs with costs, for bills."""

from tests.support.runs import run


def cost(phase, kg=0.5, seconds=2.0, **energy):
    """cpu=1.0 is modelled, gpu="0.5" was counted, ram=None is missing."""
    told = {
        name: {
            "kwh": None if v is None else float(v),
            "provenance": {str: "counter", float: "modelled"}.get(type(v), "missing"),
        }
        for name, v in energy.items()
    }
    return {"phase": phase, "seconds": seconds, "energy": told, "kg_per_kwh": kg}


def cell(source, target, *costs, **changes):
    told = {"seed": 0, "auc": 0.9, "costs": list(costs)} | changes
    return run(source, target, **told)


def pretraining(source, *costs, **changes):
    return cell(source, None, *costs, kind="pretraining", **changes)


def score(source, target, measures, *costs, **changes):
    return cell(source, target, *costs, kind="score", measures=measures, **changes)
