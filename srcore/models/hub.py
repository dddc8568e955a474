"""Files on the Hugging Face hub, by its own library and in its own cache.

Other programs share that cache, so nothing is fetched twice. Large files lie there under their
SHA-256, small ones under the hash that Git gives them; both are compared before a file is used.
``HF_ENDPOINT`` names another server.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from srcore.errors import MissingExtraError, WeightsError, first_line
from srcore.files.hashing import sha256_of
from srcore.models.addresses import HUB, OnHub
from srcore.models.source import MISSING, Offer

_WEIGHTS = (".safetensors", ".pth", ".pt", ".ckpt", ".bin")


@attrs.frozen
class HubModel:
    """Weights of a repository."""

    at: OnHub

    @property
    def address(self) -> str:
        """As it was written."""
        revision = f"@{self.at.revision}" if self.at.revision else ""
        file = f"/{self.at.file}" if self.at.file else ""
        known = f"#sha256={self.at.sha256}" if self.at.sha256 else ""
        return f"{HUB}{self.at.repository}{revision}{file}{known}"

    @property
    def label(self) -> str:
        """The name of the file, or that of the repository."""
        return Path(self.at.file).stem if self.at.file else self.at.repository.rpartition("/")[2]

    def place(self) -> Path:
        """Where the hub's library keeps it; a path that does not exist where it does not."""
        kept = self._kept()
        if kept is not None:
            return kept
        return Path(_cache(), f"models--{self.at.repository.replace('/', '--')}", "missing")

    def fault(self) -> str:
        """Why there is no file to use yet."""
        file = self._kept()
        if file is None:
            return MISSING
        return self._damage(file)

    def offer(self) -> Offer:
        """What the repository says of itself; asks the hub."""
        hub_library()
        about = self._info()
        file = self.at.file or _only([it.rfilename for it in about.siblings or ()], self.address)
        size = next((it.size for it in about.siblings or () if it.rfilename == file), None)
        told = about.card_data or {}
        license = told.get("license") or ""
        author = about.author or self.at.repository.partition("/")[0]
        return Offer(
            what=self.address,
            author=author,
            license=str(told.get("license_name") or license if license == "other" else license),
            place=f"{endpoint()}/{self.at.repository}/blob/{about.sha or 'main'}/{file}",
            bytes=size or 0,
        )

    def fetch(self) -> Path:
        """By the hub's library, which goes on with what broke off and locks its cache.

        Raises:
            WeightsError: it cannot be had, or its content is not what the hub announced.
        """
        hub = hub_library()
        file = self.at.file
        if not file:
            file = _only([it.rfilename for it in self._info().siblings or ()], self.address)
        with in_one_line(self.address):
            path = self._download(hub, file)
            if _damage_of_blob(path):  # what lay in the cache before
                path = self._download(hub, file, force_download=True)
        damage = self._damage(path)
        if damage:
            raise WeightsError(f"{self.address}: {damage}; refused")
        return path

    def _download(self, hub: Any, file: str, **how: Any) -> Path:
        return Path(
            hub.hf_hub_download(
                self.at.repository,
                file,
                revision=self.at.revision or None,
                endpoint=endpoint(),
                cache_dir=_cache(),
                **how,
            )
        )

    def _info(self) -> Any:
        with in_one_line(self.address):
            return (
                hub_library()
                .HfApi(endpoint=endpoint())
                .model_info(
                    self.at.repository, revision=self.at.revision or None, files_metadata=True
                )
            )

    def _kept(self) -> Path | None:
        hub = hub_library()
        if self.at.file:
            kept = hub.try_to_load_from_cache(
                self.at.repository, self.at.file, _cache(), revision=self.at.revision or None
            )
            return Path(kept) if isinstance(kept, str) else None
        try:
            folder = Path(
                hub.snapshot_download(
                    self.at.repository,
                    revision=self.at.revision or None,
                    cache_dir=_cache(),
                    local_files_only=True,
                )
            )
        except Exception:  # none of that repository; the library has many errors for it
            return None
        names = [it.relative_to(folder).as_posix() for it in folder.rglob("*") if it.is_file()]
        with contextlib.suppress(WeightsError):
            return folder / _only(names, self.address)
        return None

    def _damage(self, file: Path) -> str:
        damage = _damage_of_blob(file)
        if damage:
            return f"is damaged in the cache: {file}: {damage}"
        if self.at.sha256:
            actual = sha256_of(file)
            if actual != self.at.sha256:
                return f"has SHA-256 {actual}, expected {self.at.sha256}: it is another file"
        return ""


def _damage_of_blob(file: Path) -> str:
    """What is wrong with a file that lies under its hash; nothing is known of other files."""
    about = file.stat()
    return _difference(file.resolve(), about.st_size, about.st_mtime_ns)


@cache
def _difference(blob: Path, size: int, changed: int) -> str:
    if re.fullmatch(r"[0-9a-f]{64}", blob.name):
        actual = sha256_of(blob)
    elif re.fullmatch(r"[0-9a-f]{40}", blob.name):
        content = blob.read_bytes()
        head = f"blob {len(content)}\0".encode()
        actual = hashlib.sha1(head + content, usedforsecurity=False).hexdigest()
    else:
        return ""
    return "" if actual == blob.name else f"its hash is {actual[:12]}..., not {blob.name[:12]}..."


def _only(names: Sequence[str], address: str) -> str:
    """The file of weights of a repository, safetensors before others.

    Raises:
        WeightsError: there is none, or several; names them.
    """
    for suffix in _WEIGHTS:
        fitting = [name for name in names if name.endswith(suffix)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            shown_names = ", ".join(sorted(fitting)[:20])
            raise WeightsError(
                f"{address}: holds several files of weights; name one of them, as in "
                f"{address.partition('#')[0]}/{min(fitting)}: {shown_names}"
            )
    raise WeightsError(f"{address}: holds no file of weights ({', '.join(_WEIGHTS)})")


def hub_library() -> Any:
    """The hub's own library.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import huggingface_hub
    except ImportError:
        raise MissingExtraError("hf:// addresses", "hub") from None
    return huggingface_hub


def endpoint() -> str:
    """Address of the hub."""
    from huggingface_hub.constants import ENDPOINT

    return os.environ.get("HF_ENDPOINT") or str(ENDPOINT)


def _cache() -> str:
    from huggingface_hub import constants

    return str(constants.HF_HUB_CACHE)


@contextlib.contextmanager
def in_one_line(address: str, doing: str = "fetched from") -> Iterator[None]:
    """What goes wrong between here and the hub, as a user needs to know it.

    Raises:
        WeightsError: what the library of the hub raises within.
    """
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise WeightsError(
            f"{address}: its owner asks for consent on the page of the repository; give it there, "
            "and log in here with `hf auth login`"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise WeightsError(
            f"{address}: no such repository, or a private one (`hf auth login`)"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise WeightsError(f"{address}: no such revision") from error
    except errors.EntryNotFoundError as error:
        raise WeightsError(f"{address}: no such file in the repository") from error
    except (errors.HfHubHTTPError, OSError, ValueError) as error:
        raise WeightsError(
            f"{address}: cannot be {doing} {endpoint()}: {first_line(error)}"
        ) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpx2", "requests"):
            raise
        raise WeightsError(
            f"{address}: cannot be {doing} {endpoint()}: {first_line(error)}"
        ) from error
