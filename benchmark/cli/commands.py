"""All commands of `cats`: their list, and the module that each is loaded from when it is called or shows its own help.

The list says what each command does in the words that begin its docstring (a test compares them), so that `cats --help` loads
none of the commands.
"""

from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from benchmark.cli.again import remember
from benchmark.cli.command import LOOK, CatsCommand
from benchmark.cli.usage import UsageError, hint, with_types

PANELS = {
    "Run": {
        "plan": "Show which cells of a plan are done, which failed, and how much time and energy the others may take.",
        "run": "Train and test every cell of a plan that is not done yet, then show the board; a new call resumes.",
        "sync": "Send the records that wait in the outbox to MLflow.",
        "choose": "Find the source from which to transfer to a target: try few runs within a budget, and keep the best network.",
        "score": "Score every source on every target by measures of transferability, without training; a new call resumes.",
        "keep": "Keep the network of a finished cell as a classifier: a folder with weights, preprocessing, thresholds and scores.",
        "predict": "Use a kept classifier on pictures: probabilities, classes, and which pictures are unlike its training images.",
    },
    LOOK: {
        "list": "List sources, targets, measures, plans or recipes: all of them, or those that fit what you search for.",
        "show": "Show everything that a source, target, measure, plan or recipe declares.",
        "board": "Show which source wins on each target, how sure that is, and what it cost. MLflow shows the board too.",
        "compare": "Compare two sources on a target: paired difference with interval and p value. Reads MLflow only, no data.",
        "diff": "Show which ranks, ties and figures differ between two boards, and why: data, trainer, seeds, recipe or versions.",
        "cost": "Show the energy and CO2e of an experiment by phase, source, target and measure, and the regret that they avoid.",
        "curve": "Show up to how many training images each source helps, and how many images it is worth. Reads MLflow only, no data.",
        "agree": "Judge each measure by the source that it would choose, compared with always choosing the same source.",
        "replay": "Judge policies of choosing a source on a finished experiment: each target is left out and chosen for from the others.",
        "report": "Write all results into one HTML file that opens offline. Needs only MLflow, neither data nor torch.",
        "explain": "Show where a classifier looks: Grad-CAM and integrated gradients of right, wrong and unsure test images, or of pictures.",
        "watch": "Compare new images with those of a kept classifier; the exit code is 0 if no change is found, 1 if one is.",
        "ui": "Open MLflow's own web pages, which show every run, curve and prediction; those of a database end at Ctrl-C.",
        "config": "Show each setting and where it comes from: the environment, your settings file, or the default.",
    },
    "Add": {
        "fetch": "Print the licence of a data set, download its files into CATS_HOME or resume that, and verify their checksums.",
        "new": "Examine your data and write an entry for them, a YAML file of about ten lines, without copying the data.",
        "check": "Check every promise of an entry, yours or ours; the exit code is 1 if a promise is broken.",
        "import": "Import other people's runs, matrices and measure scores into MLflow, one run each. A second import adds what is new.",
    },
    "Share": {
        "archive": "Write plan, records, predictions, board, report, versions and citations into one zip file that others can merge.",
        "merge": "Add the runs of archives and other databases to MLflow. Each attempt is added once; a second merge adds nothing.",
        "site": "Write a static site of several experiments: an index of all places with filters, and the report of each.",
        "card": "Write the model card of a kept classifier: use, data, licences, scores, calibration, leakage, energy, and limits.",
        "export": "Export a kept classifier to ONNX, torch.export or MLflow, run the export, and compare its probabilities.",
        "register": "Put a kept classifier into MLflow's model registry, from where `mlflow models serve` answers requests.",
        "publish": "Put the pretrained weights of a source into MLflow's model registry, where other plans and users find them.",
        "submit": "Write the table that a competition wants for a target's unlabelled test pictures; nothing is sent anywhere.",
    },
}
# The modules of benchmark.cli whose name is not that of their command.
MODULES = {
    "sync": "run", "list": "listing", "show": "listing", "fetch": "entries", "new": "entries", "import": "import_runs",
    "register": "export", "publish": "export",
}  # fmt: skip
OTHERS = {"serve": "; `cats export MODEL mlflow` writes a folder to serve, and says how"}  # what no command is called after


@cache
def load(name: str) -> CatsCommand:
    """The command of this name, with its options. Raises KeyError if there is none."""
    panel = {name: panel for panel, commands in PANELS.items() for name in commands}[name]
    members: typer.Typer = import_module(f"benchmark.cli.{MODULES.get(name, name)}").app
    for each in members.registered_commands:
        each.cls = CatsCommand if each.cls is TyperCommand else each.cls
    app = typer.Typer(add_completion=False)
    app.add_typer(members)
    made: Any = typer.main.get_group(app).commands[name]
    made.rich_help_panel = panel
    return made  # type: ignore[no-any-return]


def every_command() -> dict[str, CatsCommand]:
    """All commands by their names, in the order of the list."""
    return {name: load(name) for commands in PANELS.values() for name in commands}


class Unloaded(TyperCommand):
    """A command in the list, which loads the command itself as soon as the words of a call have to be understood."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """See click.Command.make_context."""
        return load(str(self.name)).make_context(info_name, args, parent, **extra)


class CatsGroup(TyperGroup):
    """All commands; a name of none is answered with the nearest one."""

    def __init__(self, **others: Any) -> None:
        super().__init__(**others)
        self.commands = {
            name: Unloaded(name, help=does, rich_help_panel=panel)
            for panel, commands in PANELS.items()
            for name, does in commands.items()
        }

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See click.Group.parse_args; a command that is stopped says how it was called."""
        remember(args)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """See click.Group.resolve_command. Raises the error of wrong usage for an unknown command."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise UsageError(f"there is no command '{args[0]}'{OTHERS.get(args[0]) or hint(args[0], self.commands)}", ctx)
        return super().resolve_command(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        """See click.Command.get_params."""
        return with_types(super().get_params(ctx))
