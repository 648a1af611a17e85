"""Pictures that are masks of other pictures, by their names: `x_mask.png` beside `x.png`, or `masks` beside `images`."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from results.error import CatsError
from results.text.counts import share_of

WORDS = (
    "masks?", "seg", "segm", "segmentations?", "gt", "ground[_ -]?truth", "labels?", "annotations?", "anno", "superpixels",
    "contours?", "roi", "overlay", "heatmap",
)  # fmt: skip
FOLDER = re.compile(
    rf"(?:.*[\s_.-])?(?:{'|'.join(WORDS)}|ground[_ -]?truths?|overlays|heatmaps|rois)(?:[\s_.-]*\d+)?|.*masks?|"
    r"(?:masks?|segmentations?|annotations?|ground[_ -]?truths?)[\s_.-].*",
    re.IGNORECASE,
)
EVERY = "."  # the pattern that every path contains
MASK = re.compile(rf"^(.+?)([\s_.-]*(?:{'|'.join(WORDS)})(?:[\s_.-]*\d+)?)\Z", re.IGNORECASE)


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
    words = sorted({re.sub(r"[\s\d.]+\Z", "", each[2]).strip() for each in found.values()}, key=len)
    shortest = [word for i, word in enumerate(words) if not any(word.startswith(other) for other in words[:i])]
    pattern = f"^(?!.*({'|'.join(re.escape(word) for word in shortest)}))" + (f".*{include}" if include else "")
    look = share_of(len(found), len(names), "pictures", "looks like a mask of another", "look like masks of others")
    raise CatsError(
        f"{path}: {look}, for example {name} beside "
        f"{PurePosixPath(match[1]).name}; leave them out with --include '{pattern}', "
        f"or take all with --include '{EVERY}'"
    )


def is_mask_folder(name: str) -> bool:
    """True if a folder is called like one of masks or annotations, as `lung masks`, `GT` or `labels`."""
    return FOLDER.fullmatch(name) is not None


def require_no_mask_folders(path: Path, paths: Sequence[tuple[str, ...]], include: str) -> None:
    """Raises CatsError if folders of masks lie beside other folders or pictures, and would not become classes of their own.

    paths: the folders of each picture. include: what the user chose; `.`, or a pattern that holds the name of the folder of
    masks, says that they are meant. Folders that lie in one level alone are judged where they would become classes.
    """
    levels = [sorted({each[level] for each in paths if len(each) > level}) for level in range(max(map(len, paths)))]
    uneven = len({len(each) for each in paths}) > 1
    if include == EVERY or (not uneven and sum(len(names) > 1 for names in levels) < 2):
        return
    for level, names in enumerate(levels):
        masks = [name for name in names if is_mask_folder(name) and name not in include]
        others = [name for name in names if not is_mask_folder(name)]
        beside = others[0] if others else "pictures" if any(len(each) == level for each in paths) else ""
        if masks and beside:
            raise CatsError(
                f"{path}: the folder {masks[0]} lies beside {beside}, and its name is one of masks or annotations; leave "
                f"its pictures out with --include '{_without(paths, level, masks, others, include)}', or take all with "
                f"--include '{EVERY}'"
            )


def _without(paths: Sequence[tuple[str, ...]], level: int, masks: Sequence[str], others: Sequence[str], include: str) -> str:
    """The pattern of the pictures that lie in no folder of masks: `/images/` where that is enough."""
    simple = f"/{re.escape(others[0])}/" if others else ""
    masked = [each[level : level + 1] in {(name,) for name in masks} for each in paths]
    if simple and not include and [re.search(simple, "/".join(each) + "/") is None for each in paths] == masked:
        return simple
    pattern = f"^(?!(.*/)?({'|'.join(map(re.escape, masks))})/)"
    return pattern + ("" if include.startswith("^") or not include else ".*") + (f"(?:{include})" if include else "")


def masks_of(names: Sequence[str]) -> dict[str, list[str]]:
    """The masks of each picture among `names`: `x_mask.png` of `x.png`, `masks/x.png` of `images/x.png` or of `x.png`.

    Several masks of one picture show parts of it. A mask that fits several pictures is left out.
    """
    stems = {name: PurePosixPath(name).with_suffix("") for name in names}
    beside = {str(stem): name for name, stem in stems.items()}
    found: dict[str, list[str]] = {}
    places = _places({name: stem for name, stem in stems.items() if not any(map(is_mask_folder, stem.parts[:-1]))})
    for name, stem in sorted(stems.items()):
        match = MASK.match(str(stem))
        pictures = {beside[match[1]]} if match and match[1] in beside else set()
        level = next((level for level, folder in enumerate(stem.parts[:-1]) if is_mask_folder(folder)), None)
        if not pictures and level is not None:
            own = MASK.match(stem.name)
            for called in (stem.name, *([own[1]] if own else [])):
                pictures = pictures or places.get((level, *stem.parts[:level], *stem.parts[level + 1 : -1], called), set())
        if len(pictures) == 1:
            found.setdefault(pictures.pop(), []).append(name)
    return found


def _places(stems: Mapping[str, PurePosixPath]) -> dict[tuple[int | str, ...], set[str]]:
    """(level, path without the folder of this level) → pictures; a picture may lie in no such folder, beside that of masks."""
    places: dict[tuple[int | str, ...], set[str]] = {}
    for name, stem in stems.items():
        for level in range(len(stem.parts)):
            keys: set[tuple[int | str, ...]] = {(level, *stem.parts)}
            if level < len(stem.parts) - 1:
                keys.add((level, *stem.parts[:level], *stem.parts[level + 1 :]))
            for key in keys:
                places.setdefault(key, set()).add(name)
    return places
