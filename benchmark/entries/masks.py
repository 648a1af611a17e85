"""Pictures that are masks of other pictures, by their names: `x_mask.png` beside `x.png`."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from results.error import CatsError

WORDS = (
    "masks?", "seg", "segm", "segmentations?", "gt", "ground[_ -]?truth", "labels?", "annotations?", "anno", "superpixels",
    "contours?", "roi", "overlay", "heatmap",
)  # fmt: skip
EVERY = "."  # the pattern that every path contains
MASK = re.compile(rf"^(.+?)([\s_.-]*(?:{'|'.join(WORDS)})(?:[\s_.-]*\d+)?)$", re.IGNORECASE)


def require_no_masks(path: Path, names: Sequence[str], include: str) -> None:
    """Raises CatsError if names of pictures are names of others and a word such as `_mask`, unless all are meant: `.`."""
    if include == EVERY:
        return
    stems = {name: str(PurePosixPath(name).with_suffix("")) for name in names}
    known = set(stems.values())
    found = {name: match for name, stem in stems.items() if (match := MASK.match(stem)) and match[1] in known}
    if not found:
        return
    name, match = next(iter(found.items()))
    words = sorted({re.sub(r"[\s\d.]+$", "", each[2]).strip() for each in found.values()}, key=len)
    shortest = [word for i, word in enumerate(words) if not any(word.startswith(other) for other in words[:i])]
    pattern = f"^(?!.*({'|'.join(re.escape(word) for word in shortest)}))" + (f".*{include}" if include else "")
    raise CatsError(
        f"{path}: {len(found):,} of {len(names):,} pictures look like masks of others, for example {name} beside "
        f"{PurePosixPath(match[1]).name}; leave them out with --include '{pattern}', "
        f"or take all with --include '{EVERY}'"
    )
