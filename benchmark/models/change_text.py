"""What is said of a comparison of new images with the reference: one sentence, a table of the tests, notes, plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.models.change import DIRECTIONS, MOST, Change, Finding
from benchmark.models.sample import NAMED
from results.text.counts import how_many
from results.text.printing import TerminalTable, terminal_notes

HEAD = ("test", "new images", "reference", "effect", "p", "p of all tests", "alarm")
WORDS = ("test", "alarm")
ORDER = (*NAMED, "unlike", "classes", "features", "classifier")
DIGITS = {"size": 1}
TESTS = {
    "features": "features (MMD)",
    "classifier": "features (classifier)",
    "classes": "predicted classes",
    "unlike": "unlike any training image",
}


@dataclass(frozen=True)
class ChangeText:
    """A comparison in words.

    Attributes:
        classes: names of the classes.
        broken: number of files that could not be used. given: number of files from which the images were drawn, if more.
        grouped: which sides have groups, (new, reference).
    """

    change: Change
    classes: Sequence[str]
    broken: int = 0
    given: int = 0
    grouped: tuple[bool, bool] = (False, False)

    def sentence(self) -> str:
        """The answer, with what changed and how sure that is, or with what would have been found."""
        change = self.change
        if not change.changed:
            return (
                f"no change found: {self._counts()}; a shift of {change.shift:.2f} standard deviations of brightness, contrast "
                f"and the like would have been found in 4 of 5 cases, a smaller one less often"
            )
        found = sorted(change.alarms, key=lambda finding: ORDER.index(finding.test))
        words = [self._words(finding) for finding in found if finding.test not in ("features", "classifier")]
        seen = [finding for finding in found if finding.test in ("features", "classifier")]
        if seen:
            best = min(seen, key=lambda finding: finding.adjusted)
            nameless = "" if words else "in a way that no other test names "
            words.append(f"the network's features differ {nameless}({_p(best.adjusted)})")
        return f"changed: {', '.join(words)}"

    def notes(self) -> list[str]:
        """What one must know to believe the sentence."""
        change, made = self.change, []
        if change.changed:
            made.append(self._counts())
            if change.unlike and not any(finding.test == "unlike" for finding in change.alarms):
                images = how_many(change.unlike, "new image is", "new images are")
                made.append(f"{images} unlike any training image, not clearly more than among the reference images")
        if any(finding.test == "classes" for finding in change.alarms):
            made.append(
                "other shares of the predicted classes come from other images, or only from another frequency of the classes "
                "among the patients (prevalence), with images of each class as before; the frequency also changes the features"
            )
        if self.grouped[0] != self.grouped[1]:
            side = "the patients of the new images are known, and those of the reference are not" if self.grouped[0] else (
                "the patients of the reference are known, and those of the new images are not; name their column with --group"
            )  # fmt: skip
            made.append(
                f"{side}: every image counts as independent, so that there are too many alarms if patients have several"
            )
        elif not self.grouped[0]:
            made.append("every image counts as independent: with several images of one patient there are too many alarms")
        made += self._untested()
        if self.given > MOST:
            made.append(f"the new images are {MOST:,} of {self.given:,}, drawn at random")
        if change.reference > MOST:
            made.append(f"{MOST:,} of the reference images are compared, drawn at random")
        if self.broken:
            files = how_many(self.broken, "file could not be used and is", "files could not be used and are")
            made.append(f"{files} no part of the comparison")
        made.append(f"if nothing has changed, an alarm comes in {100 * change.level:g} % of calls")
        return made

    def _untested(self) -> list[str]:
        """Which statistics are no test because of which images, and what to do."""
        lacking = []
        for count, side in zip(self.change.unsized, ("new image", "reference image"), strict=True):
            lacking += [how_many(count, side)] if count else []
        if not lacking:
            return []
        way = "; keep the classifier again with `cats keep`, which stores them" if self.change.unsized[1] else ""
        return [f"not tested: {', '.join(self.change.unknown)}, not known of {' and '.join(lacking)}{way}"]

    def table(self) -> Any:
        """For the terminal."""
        from rich.console import Group

        table = TerminalTable(None, HEAD, WORDS)
        for finding in self.change.findings:
            table.add_row(*self._row(finding), style="bold" if finding in self.change.alarms else "")
        return Group(table, terminal_notes(self.notes()))

    def to_dict(self) -> dict[str, Any]:
        """Plain data; no names of files."""
        change = self.change
        return {
            "changed": change.changed,
            "sentence": self.sentence(),
            "level": change.level,
            "images": change.new,
            "reference": change.reference,
            "groups": None if change.groups is None else dict(zip(("new", "reference"), change.groups, strict=True)),
            "unlike": change.unlike,
            "broken": self.broken,
            "detectable_shift": change.shift,
            "tests": {finding.test: self._plain(finding) for finding in change.findings},
            "notes": self.notes(),
        }

    def _plain(self, finding: Finding) -> dict[str, Any]:
        named = {} if finding.index is None else {"class": self.classes[finding.index]}
        figures = {name: value for name, value in vars(finding).items() if name not in ("test", "index") and value is not None}
        return {**named, **figures, "alarm": finding in self.change.alarms}

    def _counts(self) -> str:
        change = self.change
        of = ("", "") if change.groups is None else tuple(f" of {count:,} patients" for count in change.groups)
        return f"{change.new:,} new images{of[0]} against {change.reference:,} reference images{of[1]}"

    def _words(self, finding: Finding) -> str:
        change = self.change
        if finding.test in NAMED:
            return f"{DIRECTIONS[finding.test][finding.effect > 0.5]} than the reference ({_p(finding.adjusted)})"
        if finding.test == "unlike":
            return f"{change.unlike} of {change.new:,} images unlike any training image ({_p(finding.adjusted)})"
        one, other = (f"{100 * (share or 0):.0f} %" for share in (finding.new, finding.reference))
        return f"{self.classes[finding.index or 0]} predicted for {one} instead of {other} ({_p(finding.adjusted)})"

    def _row(self, finding: Finding) -> list[str]:
        name = TESTS.get(finding.test, finding.test)
        if finding.index is not None:
            name += f": {self.classes[finding.index]}"
        digits = DIGITS.get(finding.test, 3)
        sides = ["" if side is None else f"{side:.{digits}f}" for side in (finding.new, finding.reference)]
        alarm = "yes" if finding in self.change.alarms else "no"
        return [name, *sides, f"{finding.effect:.3f}", f"{finding.p:.4f}", f"{finding.adjusted:.4f}", alarm]


def _p(value: float) -> str:
    """A p-value as papers write it: `p = .002`."""
    return "p = 1" if value >= 0.9995 else f"p = {value:.3f}".replace("0.", ".", 1)
