"""A data set on its way to the Hugging Face hub, into a repository that is private when it is made."""

import re
from pathlib import Path
from typing import Any

from results.error import CatsError, first_line

REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
LOGIN = "log in with `hf auth login`, or set HF_TOKEN"


def require_repository(name: str) -> None:
    """Raises CatsError for what is no OWNER/NAME, or if there is no token: call it before anything that takes long."""
    if REPOSITORY.fullmatch(name) is None or ".." in name or "--" in name:
        raise CatsError(f"--push is '{name}'; write OWNER/NAME, such as our-group/first-sweep")
    from huggingface_hub import get_token

    if get_token() is None:
        raise CatsError(
            f"nobody is logged in to the hub, as is needed to write {name}: {LOGIN}; --hub FOLDER writes the same files here"
        )


def push(folder: Path, name: str) -> str:
    """Upload the files of a folder as a data set; returns its address. A repository that is not there is made, private.

    Raises CatsError if the hub refuses or cannot be reached.
    """
    from huggingface_hub import HfApi

    api: Any = HfApi()
    try:
        place = api.create_repo(name, repo_type="dataset", private=True, exist_ok=True)
        api.upload_folder(repo_id=name, repo_type="dataset", folder_path=folder, commit_message="Results of cats-bench")
    except Exception as error:  # the client raises errors of many libraries
        status = getattr(getattr(error, "response", None), "status_code", None)
        why = f"it may not be written with this token; {LOGIN}" if status in {401, 403} else first_line(error)
        raise CatsError(f"the data set {name} could not be pushed to the hub: {why}") from error
    return str(place)
