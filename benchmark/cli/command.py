"""What every command understands besides its own options: -v, -q, `--json` where there is `--format`, earlier spellings."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from benchmark.cli.old_spellings import renamings, today
from benchmark.cli.terminal import say_less, say_more
from benchmark.cli.usage import UsageError, sentence_of, with_types
from benchmark.machine.cycles import look_seldom
from results.text.program import begin

FORMAT, JSON = "--format", "--json"
HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
LOOK = "Look"  # the panel of commands that show results, and train nothing


def _say_more(given: bool) -> None:
    if given:
        say_more()


def _say_less(given: bool) -> None:
    if given:
        say_less()


VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", callback=_say_more, expose_value=False, help="Log what happens, and the traceback of a failed cell."
    ),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", callback=_say_less, expose_value=False, help="Show no progress and no warnings.")
]


class CatsCommand(TyperCommand):
    """A command of `cats`."""

    def __init__(self, *arguments: Any, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self.context_settings = {**HELP, **self.context_settings}
        self.has_format = any(FORMAT in each.opts for each in self.params)
        self.params += [each for each in common_options() if JSON not in each.opts or self.has_format]

    def get_params(self, ctx: Any) -> list[Any]:
        """See click.Command.get_params."""
        return with_types(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See click.Command.parse_args. The error of wrong usage says which earlier spellings of options the call has."""
        words = today(str(self.name), args)
        try:
            return super().parse_args(ctx, with_format(words, ctx) if self.has_format else words)
        except UsageError as error:
            renamed = renamings(str(self.name), args)
            raise UsageError("; ".join([sentence_of(error), *renamed]), ctx) if renamed else error from None

    def invoke(self, ctx: Any) -> Any:
        """See click.Command.invoke; records say which command made them."""
        begin(f"cats {self.name}")
        if self.rich_help_panel == LOOK:
            look_seldom()
        return super().invoke(ctx)


def with_format(words: Sequence[str], ctx: Any = None) -> list[str]:
    """`--json` as `--format json`. Raises the error of wrong usage if another format is given beside it."""
    end = words.index("--") if "--" in words else len(words)
    options, rest = list(words[:end]), list(words[end:])
    if JSON not in options:
        return list(words)
    pairs = zip(options, [*options[1:], ""], strict=True)
    stated = [
        following if word == FORMAT else word.partition("=")[2] for word, following in pairs if word.split("=")[0] == FORMAT
    ]
    for form in stated:
        if form != "json":
            raise UsageError(f"{JSON} and {FORMAT} {form} contradict each other; give one of them", ctx)
    without = [word for word in options if word != JSON]
    return [*without, *([] if stated else [FORMAT, "json"]), *rest]


@cache
def common_options() -> list[Any]:
    """The options of every command, as typer makes them of a function."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def _any(
        json: Annotated[bool, typer.Option(JSON, expose_value=False, help="The same as --format json.")] = False,
        verbose: VerboseOption = False,
        quiet: QuietOption = False,
    ) -> None:
        pass

    return [each for each in typer.main.get_command(app).params if each.name != "help"]
