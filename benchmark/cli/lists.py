"""Options that take several values one after the other, as in `--sources imagenet radimagenet`."""

from typing import Any

from benchmark.cli.command import CatsCommand


class ListsCommand(CatsCommand):
    """A command whose options of several values take all words up to the next option; `--name A --name B` works too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See click.Command.parse_args."""
        names = {name for each in self.params if getattr(each, "multiple", False) for name in each.opts}
        return super().parse_args(ctx, spread(args, names))


def spread(words: list[str], names: set[str]) -> list[str]:
    """`--name A B` as `--name A --name B`, for the options of these names."""
    found: list[str] = []
    name, count = "", 0
    for position, word in enumerate(words):
        if word == "--":
            return [*found, *words[position:]]
        if word.startswith("-") and word != "-":
            option, given, _ = word.partition("=")
            name, count = (option, len(given)) if option in names else ("", 0)
            found.append(word)
            continue
        if name and count:
            found.append(name)
        count += 1
        found.append(word)
    return found
