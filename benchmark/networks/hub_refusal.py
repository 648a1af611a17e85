"""The sentence about weights that the hub does not give: a licence that is not accepted, no login, no network."""

from collections.abc import Iterator
from http import HTTPStatus

from results.error import CatsError, first_line

LOGIN = "then `huggingface-cli login` (called `hf auth login` by newer versions of the client)"
OTHERWISE = "; or the repository does not exist under this name, or a proxy does not let it through"
CLOSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def hub_refusal(error: Exception, what: str, repository: str, gate: str, instead: str) -> CatsError:
    """The sentence for an error of the hub's client.

    Args:
        error: what the client has raised, perhaps with its cause.
        what: the weights or the file that were wanted.
        repository: OWNER/NAME on the hub; empty if unknown.
        gate: address at which the licence is accepted; by default the page of the repository.
        instead: the end of the sentence if no login helps: what else the person can do.
    """
    errors = list(_chain(error))
    if any(_is_closed(each) for each in errors):
        verb = "are" if " weights " in what else "is"
        page = gate or f"https://huggingface.co/{repository}"
        other = "" if gate or any(_is_gated(each) for each in errors) else OTHERWISE
        return CatsError(f"{what} {verb} not open to everyone: accept the licence on the hub at {page}, {LOGIN}{other}")
    return CatsError(f"{what} could not be fetched from the hub ({first_line(error)}); {instead}")


def _is_closed(error: BaseException) -> bool:
    """Whether the hub has answered that the caller may not have the file. It answers so for unknown repositories, too."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return _is_gated(error) or status in CLOSED


def _is_gated(error: BaseException) -> bool:
    """Whether the hub has said that the repository is behind a licence."""
    from huggingface_hub.errors import GatedRepoError

    return isinstance(error, GatedRepoError)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it was raised from or while handling."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
