"""The folder of a card becomes a repository on the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from srcore.errors import SrcoreError
from srcore.models.hub import endpoint, hub_library, in_one_line


def push_folder(folder: Path, repository: str, *, private: bool, message: str) -> str:
    """Upload a folder, all files in one commit; the repository is made if there is none.

    Returns:
        Address of the repository.

    Raises:
        SrcoreError: nobody is logged in, or the hub refuses.
    """
    hub = hub_library()
    if not hub.get_token():
        raise SrcoreError(
            "nobody is logged in to the hub: `hf auth login` does it, or the environment variable "
            "HF_TOKEN"
        )
    api = hub.HfApi(endpoint=endpoint())
    address = f"{endpoint()}/{repository}"
    with in_one_line(address, "uploaded to"):
        api.create_repo(repository, private=private, exist_ok=True)
        api.upload_folder(repo_id=repository, folder_path=folder, commit_message=message)
    return address
