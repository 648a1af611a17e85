"""Files and folders beside pictures that are no data: of the operating system, of other programs, and of cats itself."""

from pathlib import Path

from benchmark.core.paths import home

FILES = {
    "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "picasa.ini",  # hidden ones such as .DS_Store begin with a dot
    "mlflow.db", "mlflow.db-journal", "mlflow.db-wal", "mlflow.db-shm",
}  # fmt: skip
FOLDERS = {
    "__MACOSX", "__pycache__", "node_modules", "site-packages", "mlruns", "mlartifacts", "@eaDir", "#recycle", "$RECYCLE.BIN",
    "System Volume Information", "lost+found",
}  # fmt: skip
MARKS = ("pyvenv.cfg", "conda-meta", "CACHEDIR.TAG")  # what a virtual environment, a conda environment and a cache hold
OURS = ("images", "outbox", "snapshots", "pretrained", "leakage")  # folders of CATS_HOME beside `digests`


def is_stranger(name: str) -> bool:
    """True for a hidden file, or a file of an operating system or another program, by its path inside a tree."""
    parts = name.split("/")
    return any(part.startswith((".", "__MACOSX")) or part in FOLDERS for part in parts) or parts[-1].lower() in FILES


def is_strange_folder(folder: Path) -> bool:
    """True for a folder that is never searched for data: an environment, a cache, CATS_HOME, the store of MLflow.

    A folder that is only hidden is searched, because a table may name pictures in it.
    """
    if folder.name in {*FOLDERS, ".git"} or any((folder / mark).exists() for mark in MARKS):
        return True
    if (folder / "digests").is_dir() and any((folder / name).is_dir() for name in OURS):
        return True
    return folder.resolve() == home().resolve()
