"""Taking bundles to another place and fetching them from there: a folder, or the Hugging Face hub.

A bundle arrives whole or not at all: it is put together beside its place, its checksums are compared, and
only then does it take that place. On the hub it is a model repository, whose README is the bundle's card.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from onoma.errors import BundleError, InputError, MissingExtraError, OnomaError, OutputError
from onoma.files import whole_file, whole_folder
from onoma.runtime.bundle import MANIFEST, PARTS, read_manifest, verify
from onoma.runtime.card import CARD
from onoma.runtime.hub_card import hub_card
from onoma.runtime.loading import own_place
from onoma.runtime.manifest import Manifest

__all__ = ["pull", "push"]

HUB = "hf:"
README = "README.md"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_NAME = re.compile(r"\w[\w.-]*")
_ADVICE = (
    "a place is a folder, or hf:OWNER/NAME for a repository on the Hugging Face hub (hf:OWNER/NAME@REVISION "
    "to fetch a branch, a tag or a commit)"
)

Answer = TypeVar("Answer")


def push(folder: Path, to: str, *, private: bool = False) -> str:
    """Put the bundle in ``folder`` into the folder ``to``, or a repository ``hf:OWNER/NAME``; return where.

    What a bundle has of files goes along, and its card as ``README.md``; nothing else does. A repository
    that is not there yet is made, ``private`` if that is asked, and takes all of it in one commit. Raises
    `BundleError` when the bundle is not whole, `InputError` when ``to`` is a folder that holds something
    else, `OutputError` when it cannot be written or the hub refuses, `MissingExtraError` without
    huggingface_hub.
    """
    manifest = _checked(folder)
    if not to.startswith(HUB):
        return str(_push_to_folder(folder, manifest, Path(to)))
    repository, revision = _repository(to)
    if revision:
        raise InputError(f"a bundle is pushed to the main branch: leave out @{revision}")
    with TemporaryDirectory() as place:
        _copy(folder, manifest, Path(place))
        return _asked(lambda: _upload(Path(place), repository, manifest, private), to, OutputError)


def pull(source: str, name: str | None = None, *, replace: bool = False) -> Path:
    """Fetch the bundle that is in the folder ``source``, or in ``hf:OWNER/NAME``, and install it.

    It is installed among the user's own (``$ONOMA_MODELS``, or ``onoma/models`` in the user's data folder)
    under ``name``, by default its own, where `onoma.load` finds it by that name; the folder is returned.
    Raises `BundleError` when there is none or it is damaged, `InputError` for a name that is none, and when
    another bundle has it, unless ``replace``; `OutputError` when the place cannot be written.
    """
    if not source.startswith(HUB):
        return _installed(Path(source), name, replace)
    repository, revision = _repository(source)
    with TemporaryDirectory() as place:
        _asked(lambda: _download(repository, revision, Path(place)), source, BundleError)
        return _installed(Path(place), name, replace, source)


def _checked(folder: Path, called: str = "") -> Manifest:
    """The manifest of a bundle that is whole."""
    if not (folder / MANIFEST).is_file():
        raise BundleError(f"{called or folder} is not a bundle: it has no {MANIFEST}; {_ADVICE}")
    manifest = read_manifest(folder)
    verify(folder, manifest)
    return manifest


def _copy(folder: Path, manifest: Manifest, place: Path) -> None:
    """The files of a bundle that is whole, checked once more where they have arrived, and its cards."""
    names = [*manifest.files, MANIFEST, *(name for name in (CARD,) if (folder / name).is_file())]
    for name in names:
        shutil.copyfile(folder / name, place / name)
    with whole_file(place / README) as file:
        file.write(hub_card(manifest))
    verify(place, manifest)


def _push_to_folder(folder: Path, manifest: Manifest, to: Path) -> Path:
    if to.exists() and not (to / MANIFEST).is_file() and (to.is_file() or any(to.iterdir())):
        raise InputError(f"{to} holds something else than a bundle; give a new or an empty folder")
    if to.exists() and to.resolve() == folder.resolve():
        raise InputError(f"{to} is the bundle itself; give another place")
    with whole_folder(to) as place:
        _copy(folder, manifest, place)
    return to


def _installed(folder: Path, name: str | None, replace: bool, called: str = "") -> Path:
    manifest = _checked(folder, called)
    name = manifest.name if name is None else name
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name for a bundle: letters, digits, - _ and . make one; give --as")
    target = own_place() / name
    if (target / MANIFEST).is_file() and not replace and read_manifest(target).version != manifest.version:
        raise InputError(f"another bundle is installed as {name!r}; give --as NAME, or --replace it")
    with whole_folder(target) as place:
        _copy(folder, manifest, place)
    return target


def _repository(place: str) -> tuple[str, str | None]:
    """Owner and name, and what follows an ``@``.

    >>> _repository("hf:ada/names@v1")
    ('ada/names', 'v1')
    """
    repository, _, revision = place.removeprefix(HUB).partition("@")
    if not _REPOSITORY.fullmatch(repository):
        raise InputError(f"{place} names no repository; {_ADVICE}")
    return repository, revision or None


def _upload(place: Path, repository: str, manifest: Manifest, private: bool) -> str:
    from huggingface_hub import HfApi

    api = HfApi(library_name="onoma")
    api.create_repo(repository, private=private, exist_ok=True, repo_type="model")
    left = [name for name in PARTS if name not in manifest.files]  # of a bundle that was there before
    message = f"Bundle {manifest.version}"
    done = api.upload_folder(
        repo_id=repository, folder_path=place, commit_message=message, delete_patterns=left
    )
    return str(done.commit_url)


def _download(repository: str, revision: str | None, place: Path) -> None:
    from huggingface_hub import snapshot_download

    wanted = [MANIFEST, *PARTS, CARD]
    snapshot_download(
        repository, revision=revision, local_dir=place, allow_patterns=wanted, library_name="onoma"
    )


def _asked(ask: Callable[[], Answer], place: str, kind: type[OnomaError]) -> Answer:
    """What the hub answers; its refusals and its silence as errors of ``kind`` that say what to do."""
    try:
        import huggingface_hub  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("the Hugging Face hub", "hub") from error
    with _quiet():
        try:
            return ask()
        except Exception as error:  # the hub's classes, those of its client, and of the network below
            kinds = {each.__name__ for each in type(error).__mro__}
            advice = next((text for name, text in _FAULTS.items() if name in kinds), "")
            first = str(error).strip().partition("\n")[0]
            raise kind(f"{place}: {advice or 'the hub could not do it'} ({first})") from error


_TOKEN = "set HF_TOKEN to a token of yours, or run `hf auth login`"
_FAULTS = {
    "GatedRepoError": f"access must be asked for on its page; then {_TOKEN}",
    "RepositoryNotFoundError": f"there is no such repository, or it is private: check the name, or {_TOKEN}",
    "RevisionNotFoundError": "the repository has no such branch, tag or commit",
    "LocalTokenNotFoundError": f"the hub must know who you are: {_TOKEN}",
    "BadRequestError": "the hub does not take this name or content",
    "HfHubHTTPError": f"the hub refused: check your rights to it, or {_TOKEN}",
    "OfflineModeIsEnabled": "the hub is switched off by HF_HUB_OFFLINE",
    "LocalEntryNotFoundError": "the hub cannot be reached: check the network, or HF_ENDPOINT",
    "TransportError": "the hub cannot be reached: check the network, or HF_ENDPOINT",
    "ConnectionError": "the hub cannot be reached: check the network, or HF_ENDPOINT",
    "OSError": "files could not be read or written here",
}
"""By the name of an exception's class, or of one that it is a kind of: the most telling first."""


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bars of the hub's client."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()
