"""The tables and pictures of README and docs, and the commands that make the records which they show."""

from figuring.kinds import Figure, Measurement, Page, Pictures, Sheet, Table

CONSTANTS = ("always imagenet", "largest source", "static mean rank", "random", "oracle")
EXPORT = "cats report transfer --no-log --output {folder}/transfer.html --figures {folder}"

RUNS = (
    "cats run transfer --keep all",
    "cats run transfer_probe",
    "cats score transfer",
    "cats run data_size",
    "cats run quickstart",
)

FIGURES: tuple[Figure, ...] = (
    Table("result", "README.md", "cats board transfer --target ham10000", tables=1, first=4),
    Table("transfer-board", "docs/transfer.md", "cats board transfer", titles=("Overall",)),
    Page("transfer-boards", "transfer_board.md", "cats board transfer", "The board of the matrix `transfer`"),
    Table("probe-board", "docs/transfer.md", "cats board transfer_probe", titles=("Overall",)),
    Table(
        "transfer-agreement", "docs/transfer.md", "cats agree transfer", first=10, keep=CONSTANTS, tables=1,
        columns=("measure", "scored", "weighted τ", "top-1 regret", "τ ahead of static"),
    ),
    Page("transfer-agreements", "transfer_agreement.md", "cats agree transfer", "Every measure beside the matrix `transfer`"),
    Page("transfer-scores", "transfer_scores.md", "cats score transfer", "What every measure says of the matrix `transfer`"),
    Table(
        "transfer-regret", "docs/transfer.md", "cats cost transfer", titles=("Regret",), first=0,
        keep=("always imagenet", "any source", "nearest_mean", "ped", "full sweep"),
        columns=("way to choose", "regret (95 %)", "Wh"),
    ),
    Table("transfer-cost", "docs/transfer.md", "cats cost transfer", titles=("All", "Pretrainings")),
    Table("transfer-replay", "docs/transfer.md", "cats replay transfer", titles=("Regret",)),
    Table("curves", "docs/results.md", "cats curve data_size", notes=True),
    Sheet("calibration-table", "docs/evaluation.md", EXPORT, "clinician-pneumoniamnist-calibration.csv"),
    Pictures("reliability", "reliability.png", EXPORT, "clinician-pneumoniamnist-reliability.png"),
    Pictures("board", "transfer.png", "cats board transfer --output {folder}", "board.png"),
    Pictures("curves-picture", "data_size.png", "cats curve data_size --output {folder}/data_size.png"),
    Pictures(
        "reports", "report_transfer.png, report_cats2024.png, looks_transfer.png, looks_cats2024.png, looks_site.png",
        "python scripts/report_pictures.py {folder}",
    ),
    Pictures("mlflow", "mlflow_experiment.png, mlflow_run.png", "python scripts/ui_picture.py {folder}"),
    Pictures("notebook", "notebook.png", "python scripts/notebook_picture.py {folder}"),
    Measurement("coverage", "docs/statistics.md", "python scripts/simulate_coverage.py --write", "a minute"),
    Measurement("crossing", "docs/data_size.md", "python scripts/simulate_crossing.py --write", "three minutes"),
    Measurement("calibration", "docs/evaluation.md", "python scripts/simulate_calibration.py --write", "two minutes"),
    Measurement("watch", "docs/watch.md", "python scripts/simulate_watch.py --write", "half an hour"),
    Measurement("adaptive", "docs/adaptive.md", "python scripts/simulate_adaptive.py --write", "two minutes"),
    Measurement("intervals", "docs/measures_intervals.md", "python scripts/simulate_measures.py --write", "an hour"),
    Measurement("support", "docs/measures_support.md", "python scripts/measure_support.py --write", "half a minute"),
    Measurement("growth", "docs/performance.md", "python scripts/bench_measures.py --growth --write", "an hour"),
    Measurement("precision", "docs/performance.md", "python scripts/bench_precision.py --write", "half an hour"),
    Measurement("adapting", "docs/adapting.md", "python scripts/bench_adapt.py --write", "half an hour"),
    Measurement(
        "families", "docs/backbones.md", "python scripts/check_families.py --attempts docs/published/families.json --write",
        "half an hour",
    ),
)  # fmt: skip
