"""Images of our entries that need no files are decoded once in each process of the tests; a new CATS_HOME gets a copy of them.

Many tests make cells of `ihc`, `digits` or `textures` in a home of their own. Decoding these takes up to half a second each
time, and drawing `fractal` takes several. Only the same data set, by all of its fields, at the same size and with the same
digest is copied; what is damaged, and every entry with files or of the user's own, is decoded as it is.
"""

import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

OURS = ("sources.", "targets.")  # modules of our readers, and of the functions that draw our images
_kept: dict[tuple[Any, int, str], Path] = {}


def share_decoded(place: Path) -> None:
    """From now on, this process keeps what it decodes below `place`, if it has loaded what decodes."""
    module = sys.modules.get("benchmark.data.decoded")
    if module is None or hasattr(module._decode, "real"):
        return
    real = module._decode

    def decode(dataset: Any, size: int, folder: Path, *, damaged: bool) -> None:
        what = (dataset, size, folder.name)
        # Generated data sets share one class of readers; the function of their law says whose they are.
        made_by = dataset.read.law.images if hasattr(dataset.read, "law") else dataset.read
        ours = made_by.__module__.startswith(OURS) and not dataset.files and not dataset.tree
        if what in _kept and not damaged:
            draft = shutil.copytree(_kept[what], folder.with_name(f".copied-{os.getpid()}-{threading.get_ident()}"))
            try:
                draft.rename(folder)
            except OSError:  # another thread was faster
                shutil.rmtree(draft)
            return
        real(dataset, size, folder, damaged=damaged)
        if ours and what not in _kept:
            _kept[what] = shutil.copytree(folder, place / f"decoded {len(_kept)}")
            if size == module.SIDE:  # what is searched for among pictures of this size lies beside them
                found = module.read_files(_kept[what])
                assert found is not None
                module.stored_copies(found[0])

    decode.real = real
    module._decode = decode
