"""The stage: a working folder with data, entries, plans, a database and a full CATS_HOME, restored before each attempt."""

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from fuzzing.child import SECONDS, Outcome, Surroundings, cats, forked
from fuzzing.inputs import write_inputs

PATIENCE = 300  # seconds for each command that builds the stage
URI = "sqlite:///mlflow.db"
BUILD = (
    ("run", "first.yaml"), ("score", "first.yaml", "--sample", "40", "--draws", "10"), ("board", "first.yaml"),
    ("report", "first.yaml"), ("import", "runs.csv", "--map", "map.yaml", "--experiment", "theirs"),
    ("import", "--scores", "logme=logme.csv", "--experiment", "theirs", "--backbone", "resnet50"), ("board", "theirs"),
    ("check", "spots", "--size", "16"), ("check", "boxes", "--size", "16"), ("check", "crates", "--size", "16"),
)  # fmt: skip
State = tuple[
    int, int, int, int
]  # number, time of change, size and mode of a file: whatever touches the file changes one of them


class Stage:
    """A folder `work` where commands run, and `pristine`, what it holds before each attempt."""

    def __init__(self, root: Path) -> None:
        self.root, self.work, self.pristine = root, root / "work", root / "pristine"
        self.seconds: float = PATIENCE
        self._states: dict[str, State] = {}
        (root / "outside").mkdir()
        (root / "outside" / "x").write_text("not yours\n")
        self._around = self._seen_around()

    @property
    def environment(self) -> dict[str, str]:
        """The variables of every command."""
        kept = {
            name: os.environ[name] for name in ("PATH", "OMP_NUM_THREADS", "ARROW_DEFAULT_MEMORY_POOL") if name in os.environ
        }
        folders = {"CATS_HOME": "home", "CATS_DATA": "data", "CATS_ENTRIES": "entries", "TMPDIR": "tmp", "HOME": "."}
        return (
            kept | {name: str(self.work / folder) for name, folder in folders.items()} | {"LANG": "C.UTF-8", "COLUMNS": "100"}
        )

    def run(
        self, arguments: tuple[str, ...], changes: Mapping[str, str | None] | None = None, encoding: str | None = "utf-8"
    ) -> Outcome:
        """Run one command in `work`, with other variables where `changes` has them."""
        wanted = {**self.environment, **(changes or {})}
        environment = {name: value for name, value in wanted.items() if value is not None}
        return forked(lambda: cats(arguments), Surroundings(self.work, environment, encoding), self.seconds)

    def build(self) -> None:
        """Make the inputs, run the commands that fill database and home, and remember all of it."""
        self.work.mkdir()
        write_inputs(self.work)
        self._build_weights()
        for command in BUILD:
            outcome = self.run(command)
            if outcome.code or outcome.signal:
                raise RuntimeError(f"the stage cannot be built: cats {' '.join(command)}: {outcome.err}")
        (self.work / "report.html").unlink(missing_ok=True)
        self._leave_waiting()
        self.begin()
        self.seconds = SECONDS

    def begin(self) -> None:
        """Remember what `work` holds now; `restore` brings it back."""
        shutil.copytree(self.work, self.pristine, symlinks=True)
        self._states = {name: _state(self.work / name) for name in self._names(self.pristine)}

    def _build_weights(self) -> None:
        """A file of weights for the source `mine`."""

        def write() -> int:
            import timm
            from safetensors.torch import save_file

            (self.work / "home" / "weights").mkdir()
            save_file(
                timm.create_model("test_resnet").state_dict(), self.work / "home" / "weights" / "test_resnet.mine.safetensors"
            )
            return 0

        self._do(write)

    def _leave_waiting(self) -> None:
        """A record that waits in the outbox of the experiment, with predictions."""

        def write() -> int:
            from benchmark.execution.records import outbox_of, read_of, runs_of
            from results.record import Outcome as Whole
            from results.record import Record

            runs = runs_of(URI, "first").query("kind == 'cell'")
            table = read_of(URI, "first")(str(runs.iloc[0]["run_id"]))
            names = {"source": "scratch", "target": "sheet", "backbone": "test_resnet", "seed": "9", "protocol": "finetune"}
            record = Record(
                kind="cell",
                key="ab" * 32,
                attempt="cd" * 16,
                experiment="first",
                status="finished",
                point="ef" * 32,
                names=names,
                settings={"lr": "0.001"},
                facts={"data": "12" * 32},
                scores={"auc": 0.7},
                started=1.7e9,
                ended=1.7e9 + 5,
            )
            outbox_of(URI, "first").put(Whole(record, table))
            return 0

        self._do(write)

    def _do(self, work) -> None:
        outcome = forked(work, Surroundings(self.work, self.environment), self.seconds)
        if outcome.code or outcome.signal:
            raise RuntimeError(f"the stage cannot be built: {outcome.err}")

    def restore(self) -> None:
        """Bring `work` back to what it was; only what has been touched is written."""
        for path in sorted(_below(self.work), reverse=True):
            name = str(path.relative_to(self.work))
            kept = self._states.get(name)
            if kept is None or stat.S_IFMT(path.lstat().st_mode) != stat.S_IFMT(kept[3]):
                _remove(path)
        for name, kept in self._states.items():
            here, there = self.work / name, self.pristine / name
            if stat.S_ISDIR(kept[3]):
                here.mkdir(exist_ok=True)
            elif not here.exists() or _state(here) != kept:
                if here.exists():
                    here.chmod(0o644)
                shutil.copyfile(there, here)  # into the same file, so that the database keeps its number
                shutil.copystat(there, here)
            if not stat.S_ISDIR(kept[3]):
                self._states[name] = _state(here)

    def changed(self) -> list[str]:
        """Names of the files in `work` that are not as they were."""
        now = set(self._names(self.work))
        return sorted(name for name in now | set(self._states) if name not in now or self._differs(name))

    def _differs(self, name: str) -> bool:
        state, kept = _state(self.work / name), self._states.get(name)
        return kept is None or (not stat.S_ISDIR(kept[3]) and state != kept)

    def trespass(self) -> str:
        """What has been made or changed outside of `work`, in words; empty if nothing. It is removed."""
        now = self._seen_around()
        if now == self._around:
            return ""
        said = ", ".join(sorted(set(now) ^ set(self._around))) or "a file outside was changed"
        for name in set(now) - set(self._around):
            _remove(self.root / name)
        (self.root / "outside" / "x").write_text("not yours\n")
        return said

    def _seen_around(self) -> dict[str, str]:
        """Files beside `work`, with what is in them."""
        seen = {path.name: "" for path in self.root.iterdir() if path.name not in {"work", "pristine"}}
        return seen | {f"outside/{path.name}": path.read_text(errors="replace") for path in (self.root / "outside").iterdir()}

    @staticmethod
    def _names(folder: Path) -> Iterator[str]:
        return (str(path.relative_to(folder)) for path in sorted(_below(folder)))


def _below(folder: Path) -> Iterator[Path]:
    """Everything below a folder; links are not followed."""
    for entry in os.scandir(folder):
        yield Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))


def _state(path: Path) -> State:
    found = path.lstat()
    return found.st_ino, found.st_ctime_ns, found.st_size, found.st_mode


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
