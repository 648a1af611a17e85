"""Asks a web server once whether it is an MLflow server that lets this user in.

MLflow's client waits six minutes for a server that never answers, follows redirections to other hosts, and quotes whole pages.
"""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from results.error import CatsError, LoginError, first_line
from results.text.brief import short
from results.text.hidden import shown
from results.text.plain import plain, shortened
from results.tracking.patience import within

QUESTION = "/api/2.0/mlflow/experiments/search"
ANSWER_SECONDS = 15  # until the first byte
WHOLE_SECONDS = 40.0  # until the whole answer
LARGEST = 1 << 20  # bytes of an answer that are looked at
PASSING = {429, 500, 502, 503, 504}  # what a server answers that is being started, or has too much to do
VARIABLES = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"


def check_server(uri: str) -> None:
    """Raises CatsError, in one sentence, unless an MLflow server answers at the address within a bounded time.

    It is a LoginError if the server does not know this user.
    """
    code = 0
    try:
        code, target, content = within(WHOLE_SECONDS, lambda: _asked(uri))
        trouble = _trouble(code, target, content)
    except Exception as error:  # noqa: BLE001 - the client of MLflow raises errors of many libraries
        trouble = why(error)
    if trouble:
        kind = LoginError if code == HTTPStatus.UNAUTHORIZED else CatsError
        raise kind(f"MLflow at {shown(uri)} cannot be used: {trouble}")


def _asked(uri: str) -> tuple[int, str, str]:
    """Status, place of a redirection and text of the server's answer to a question that it must understand."""
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    options: dict[str, Any] = {
        "params": {"max_results": 1},
        "timeout": ANSWER_SECONDS,
        "raise_on_status": False,
        "stream": True,
    }
    answer = http_request(get_default_host_creds(uri), QUESTION, "GET", max_retries=0, **options)
    if answer.status_code in PASSING:  # again, with MLflow's pauses
        answer.close()
        answer = http_request(get_default_host_creds(uri), QUESTION, "GET", **options)
    with answer:
        content = answer.raw.read(LARGEST, decode_content=True)
    return answer.status_code, answer.headers.get("Location", ""), content.decode("utf-8", "replace")


def _trouble(code: int, target: str, content: str) -> str:
    """What is wrong with an answer; empty if it is one of MLflow, also an error of it, which is said where it matters."""
    mlflow = _is_object(content)
    if code in PASSING:
        trouble = f"the server answered {_named(code)} again and again; look into its log"
    elif code == HTTPStatus.UNAUTHORIZED:
        trouble = login()
    elif 300 <= code < 400:
        trouble = (
            f"the server leads to {short(shown(target), 200) or 'another place'}, where no name, no password and no record is "
            "sent; if that is the right server, give its address with --tracking-uri"
        )
    elif mlflow:
        trouble = ""
    elif code == HTTPStatus.FORBIDDEN:
        trouble = f"the server refuses {_user()} (403); ask who runs the server for access"
    elif code < 400:
        trouble = "the answer is not one of MLflow but, perhaps, a page; check host, port and path of the address"
    else:
        trouble = f"the server answered {_named(code)}; check host, port and path of the address"
    return trouble


def _is_object(content: str) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False


def login() -> str:
    """What a user can do to whom the server answers 401: it does not know the user, or the password is wrong."""
    user = _user()
    if user == NOBODY:
        return f"the server requires a valid user and password; set {VARIABLES}"
    return f"the server does not know {user} with this password; correct {VARIABLES}"


def denied(experiment: str = "", permission: str = "EDIT", model: str = "") -> str:
    """What a user can do to whom the server answers 403: it knows the user, who lacks a permission.

    `experiment` and `model`: the name of the experiment or of the registered model in question.
    """
    where = f" for the registered model '{model}'" if model else f" in experiment '{experiment}'" if experiment else ""
    owner = "its owner or " if where else ""
    return (
        f"the server refuses {_user()} (403){where}; ask {owner}an administrator for the permission {permission} "
        "(docs/group_server.md)"
    )


NOBODY = "this user"


def _user() -> str:
    """Who asks, in words: the name that MLflow's client sends, if it sends one."""
    from mlflow.utils.credentials import read_mlflow_creds

    known = read_mlflow_creds()
    return f"user '{shortened(plain(shown(known.username)), 60)}'" if known.username and known.password else NOBODY


def _named(code: int) -> str:
    try:
        return f"{code} ({HTTPStatus(code).phrase})"
    except ValueError:
        return str(code)


def why(error: BaseException) -> str:
    """The reason of a failed call of MLflow's client, which lies deep within its error."""
    from requests import exceptions
    from urllib3.exceptions import NameResolutionError, NewConnectionError

    reasons: list[tuple[type[BaseException] | tuple[type[BaseException], ...], str]] = [
        (exceptions.ProxyError, "the proxy that HTTP_PROXY or HTTPS_PROXY names does not let the call through"),
        (
            exceptions.SSLError,
            "its certificate is not accepted, or the server speaks no TLS; check https:// and the certificates",
        ),
        (NameResolutionError, "there is no host of this name, or no network"),
        ((exceptions.Timeout, TimeoutError), "the server did not answer in time; check host and port, or try again later"),
        (NewConnectionError, ""),  # says why in its own words
        (exceptions.ConnectionError, "the server ended the connection without an answer"),
    ]
    every = list(causes(error))
    for kind, reason in reasons:
        found = next((each for each in every if isinstance(each, kind)), None)
        if found is not None:
            return reason or str(found).partition("connection: ")[2] or "no connection can be made"
    return short(shown(first_line(error)), 300)


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and every one that led to it, also those that urllib3 and requests keep inside of others."""
    seen, left = list[BaseException](), [error]
    while left:
        each = left.pop(0)
        if each not in seen:
            seen.append(each)
            yield each
            inner = [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
            left += [one for one in inner if isinstance(one, BaseException)]
