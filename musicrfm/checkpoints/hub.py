"""Models on the Hugging Face hub: downloaded once, then used without a network."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import huggingface_hub
from huggingface_hub import constants, snapshot_download
from huggingface_hub import utils as hub_errors

from musicrfm.errors import MusicRFMError

_HOSTS = {"huggingface.co", "www.huggingface.co", "hf.co"}
_PAGES = re.compile(r"/(?:models/)?([^/]+/[^/]+)(?:/(?:tree|blob|resolve)/([^/]+).*|/.*|)")


class NotThere(MusicRFMError):
    """The repository does not exist on the hub, or the user has no access."""


@dataclass(frozen=True)
class Address:
    """A repository, `owner/name`, and its revision; None is the latest."""

    repo: str
    revision: str | None = None


def address(text: str) -> Address | None:
    """Parse an id or the web address of a model page; None for anything else."""
    if "://" in text or text.split("/")[0].lower() in _HOSTS:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        hosts = _HOSTS | {urlsplit(constants.ENDPOINT).netloc}
        match = _PAGES.fullmatch(parts.path.rstrip("/"))
        if parts.netloc.lower() not in hosts or match is None:
            return None
        return Address(match[1], match[2] and unquote(match[2]))
    names = text.split("/")
    if len(names) != 2 or not all(names) or names[0].startswith((".", "~")) or "\\" in text:
        return None
    return Address(text)


def cached(where: Address) -> Path | None:
    """The folder of a downloaded repository, possibly incomplete."""
    # No file name is passed, because newer clients reject a partly downloaded repository.
    nothing: list[str] = []
    try:
        found = snapshot_download(
            where.repo, revision=where.revision, local_files_only=True, allow_patterns=nothing
        )
        return Path(found)
    except Exception:  # an invalid id or an empty cache raises many types
        return None


def download(
    where: Address,
    wanted: Callable[[Collection[str]], list[str]],
    check: Callable[[Path], object],
) -> Path:
    """Download a repository and return its folder.

    wanted: selects the files to download from the names of all files. check: raises MusicRFMError
    if a folder is incomplete; a complete folder needs no network. Raises MusicRFMError if the
    download fails.
    """
    folder, lack = cached(where), None
    if folder is not None:
        try:
            check(folder)
            return folder
        except MusicRFMError as error:
            lack = error
    try:
        about = huggingface_hub.HfApi().model_info(where.repo, revision=where.revision)
        names = [file.rfilename for file in about.siblings or ()]
        chosen = [re.sub(r"([*?[])", r"[\1]", name) for name in wanted(names)]
        if not chosen:
            raise MusicRFMError(f"{where.repo!r} is not a model: it has no model files")
        return Path(snapshot_download(where.repo, revision=where.revision, allow_patterns=chosen))
    except MusicRFMError:
        raise
    except Exception as error:
        reason = _reason(error, where.repo)
        if lack is not None:
            raise MusicRFMError(f"{lack}, and the download failed: {reason}") from error
        kind = NotThere if isinstance(error, hub_errors.RepositoryNotFoundError) else MusicRFMError
        raise kind(
            f"model {where.repo!r} is not a local folder, and the Hugging Face hub did not deliver "
            f"it: {reason}"
        ) from error


def download_size(
    where: Address, wanted: Callable[[Collection[str]], list[str]]
) -> tuple[int, int | None]:
    """(most bytes that `download` would fetch, number of weights in the repository's safetensors).

    The number is None if the hub does not know it. Raises MusicRFMError if the hub does not answer.
    """
    try:
        about = huggingface_hub.HfApi().model_info(
            where.repo, revision=where.revision, files_metadata=True
        )
    except Exception as error:
        raise MusicRFMError(
            f"model {where.repo!r} is not a folder and cannot be loaded from the Hugging Face hub: "
            f"{_reason(error, where.repo)}"
        ) from error
    sizes = {file.rfilename: file.size or 0 for file in about.siblings or ()}
    counted = getattr(about, "safetensors", None)
    values = None if counted is None else counted.total
    return sum(sizes[name] for name in wanted(list(sizes))), values


def download_file(where: Address, ending: str, most: int) -> Path:
    """The only file of a repository whose name ends with this suffix, up to a size limit.

    Raises MusicRFMError if there is none or more than one, it is larger, or it cannot be
    downloaded.
    """
    try:
        folder = cached(where)
        here = [] if folder is None else [p for p in folder.iterdir() if p.name.endswith(ending)]
        if len(here) == 1:
            return here[0]
        api = huggingface_hub.HfApi()
        about = api.model_info(where.repo, revision=where.revision, files_metadata=True)
        found = [file for file in about.siblings or () if file.rfilename.endswith(ending)]
        if len(found) != 1:
            raise MusicRFMError(
                f"{where.repo!r} has {len(found) or 'no'} files *{ending} instead of one"
            )
        if (found[0].size or 0) > most:
            raise MusicRFMError(f"{found[0].rfilename} of {where.repo!r} is larger than {most} B")
        name, revision = found[0].rfilename, where.revision
        return Path(huggingface_hub.hf_hub_download(where.repo, name, revision=revision))
    except MusicRFMError:
        raise
    except Exception as error:
        raise MusicRFMError(
            f"{where.repo!r} is not a file and cannot be loaded from the Hugging Face hub: "
            f"{_reason(error, where.repo)}"
        ) from error


def _reason(error: BaseException | None, repo: str) -> str:
    """Why a download failed, and the remedy."""
    while error is not None:  # the client wraps the original error
        if reason := _known_reason(error, repo):
            return reason
        error = error.__cause__ or error.__context__
    return "check the name and the network"


def _known_reason(error: BaseException, repo: str) -> str | None:
    log_in = "log in with `hf auth login`"
    if isinstance(error, hub_errors.GatedRepoError):
        return f"access is gated: accept the terms on {constants.ENDPOINT}/{repo}, then {log_in}"
    if isinstance(error, hub_errors.RevisionNotFoundError):
        return "this revision does not exist: check the address"
    if isinstance(error, hub_errors.RepositoryNotFoundError):
        return f"the model does not exist or is private: check the name, or {log_in}"
    if isinstance(error, hub_errors.HFValidationError):
        return "the name is not valid there: check it"
    if isinstance(error, hub_errors.OfflineModeIsEnabled) or constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE forbids network access: unset it to download the model"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return f"access is denied (status {status}): {log_in}"
    if status == 429:
        return "the hub limits the number of requests (status 429): wait a few minutes"
    if status is not None:
        return f"the hub answered with status {status}: try again later"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"the disk of {constants.HF_HUB_CACHE} is full"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{str(error.filename)!r} cannot be written: {error.strerror}"
    return None
