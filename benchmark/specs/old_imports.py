"""Tells users what their entries must import if they import modules of an earlier layout of cats-bench."""

NAMES = {  # module of the earlier layout → what an entry imported from it
    "benchmark.dataset": "Dataset, File, Samples",
    "benchmark.generated": "Law, generated",
    "benchmark.measure": "Array, Draws, Undefined, measure",
    "benchmark.medmnist_sets": "medmnist_target",
    "benchmark.network": "Network",
    "benchmark.picture": "PICTURE_ENDINGS",
    "benchmark.plan": "Plan",
    "benchmark.read_dicom": "dicom",
    "benchmark.read_hdf5": "hdf5",
    "benchmark.read_hub": "hub",
    "benchmark.read_table": "table",
    "benchmark.readers": "folders, npz, pictures",
    "benchmark.recipe": "Recipe",
    "benchmark.seed": "generator",
    "benchmark.source": "Source, Weights",
    "benchmark.target": "Subsample, Target",
    "benchmark.tree": "Tree",
}
MATHEMATICS = {
    "benchmark.gradient": "benchmark.measures.gradients",
    "benchmark.held_out": "benchmark.measures.cross_validation",
    "benchmark.linear": "benchmark.measures.low_rank or benchmark.measures.softmax_ridge",
    "benchmark.sample": "benchmark.measures.resampling",
}


def advice(module: str | None) -> str:
    """Return what to write instead of an import of a module of cats-bench that does not exist; empty for other packages."""
    if module is None or module.partition(".")[0] not in {"benchmark", "results"}:
        return ""
    if module in MATHEMATICS:
        return f"import from {MATHEMATICS[module]} instead"
    names = NAMES.get(module)
    return f"write `from benchmark import {names}`" if names else "an entry imports what it needs from the package `benchmark`"
