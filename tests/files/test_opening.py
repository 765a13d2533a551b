"""Opening a file below a directory: even if the path changes meanwhile, no file from outside is opened."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from cardan import Request, Response
from cardan.core import NotFound
from cardan.files import _opening as opening
from cardan.files._opening import open_below, open_file
from cardan.files._static import StaticFiles
from cardan.testing import RequestBuilder

#: what the library asks of the disk: between two of these another process may do anything
CALLS = ("open", "stat", "lstat", "fstat", "readlink", "access", "read")
TIMES = (1_000_000_000, 1_000_000_000)


class Folder:
    """A folder whose part ``victim`` can be replaced by a symbolic link to the outside, and restored."""

    def __init__(self, root: Path, victim: str) -> None:
        self.root = Path(os.path.realpath(root)) / "www"
        (self.root / "a" / "b").mkdir(parents=True)
        outside = self.root.parent / "outside"
        (outside / "b").mkdir(parents=True)
        for folder, text in ((self.root / "a", "public"), (outside, "secret")):
            for place in (folder / "b" / "x.txt", folder / "x.txt"):
                place.write_text(text)
                os.utime(place, TIMES)  # the two files differ only in their place and number
        self.victim = self.root / victim
        self.aside = self.root.parent / "aside"
        self.link = self.root.parent / "link"
        self.link.symlink_to(outside / Path(victim).relative_to("a"))

    def swap(self) -> None:
        """Replace the part by the link, or the link by the part."""
        if self.victim.is_symlink():
            self.victim.rename(self.link)
            self.aside.rename(self.victim)
        else:
            self.victim.rename(self.aside)
            self.link.rename(self.victim)

    def restore(self) -> None:
        """Restore the state of the beginning."""
        if self.victim.is_symlink():
            self.swap()


@contextmanager
def swapping(folder: Folder, at: tuple[int, ...]) -> Iterator[list[str]]:
    """Swap before the system calls with these numbers. Yields the list of the calls that were made."""
    made: list[str] = []
    originals = {name: getattr(os, name) for name in CALLS}
    busy = False

    def wrapped(name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal busy
            if not busy:
                busy = True
                if len(made) in at:
                    folder.swap()
                made.append(name)
                busy = False
            return originals[name](*args, **options)

        return call

    for name in CALLS:
        setattr(os, name, wrapped(name))
    try:
        yield made
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def served(app: StaticFiles, path: str) -> bytes | int:
    """The body of a 200, or the status of an error."""
    request: Request = Request(RequestBuilder(path).environ())
    try:
        response: Response = app._serve(request)
    except NotFound:
        return 404
    with response:
        return b"".join(response.iter_encoded())


def interleavings(folder: Folder, run: Callable[[], Any]) -> Iterator[Any]:
    """The results of ``run`` with up to three swaps, each before any one of its system calls."""
    with swapping(folder, ()) as made:
        run()
    number = len(made) + 8  # a swapped path needs more calls
    for swaps in range(4):
        for at in combinations(range(number), swaps):
            try:
                with swapping(folder, at):
                    yield run()
            finally:
                folder.restore()


@pytest.fixture(params=["a", "a/b", "a/x.txt"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    return Folder(tmp_path, request.param)


@pytest.mark.parametrize("known", [True, False], ids=["known", "first"])
def test_nothing_from_outside_is_served(folder: Folder, known: bool) -> None:
    """The first answer and all later ones contain the file that was checked, or no file."""
    path = "/a/x.txt" if folder.victim.name == "x.txt" else "/a/b/x.txt"
    app = StaticFiles(folder.root, precompressed=())
    results = []

    def run() -> bytes | int:
        if not known:
            app._known.clear()
        return served(app, path)

    assert run() == b"public"
    for result in interleavings(folder, run):
        assert result in (b"public", 404)
        results.append(result)
    assert {b"public", 404} == set(results)


def test_a_known_file_is_not_served_from_a_folder_that_was_moved_out(tmp_path: Path) -> None:
    """If the folder of a file is moved out, the file is outside, even with the same number and times."""
    folder = Folder(tmp_path, "a")
    app = StaticFiles(folder.root)
    assert served(app, "/a/b/x.txt") == b"public"
    folder.victim.rename(folder.aside)
    folder.victim.symlink_to(folder.aside)
    assert served(app, "/a/b/x.txt") == 404


@pytest.mark.parametrize("walks", [True, False])
def test_links(tmp_path: Path, walks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links to places inside are followed, those to outside are not. This also holds on Windows. No folder on the way
    stays open, whether the file is opened or refused.
    """
    monkeypatch.setattr(opening, "_walks", walks)
    folder = Folder(tmp_path, "a")
    root = folder.root
    (root / "file").symlink_to("a/b/x.txt")
    (root / "folder").symlink_to("a")
    (root / "out").symlink_to(folder.root.parent / "outside")
    (root / "loop").symlink_to("loop")
    before = len(os.listdir("/proc/self/fd"))
    for path in ("a/x.txt", "a/b/x.txt", "file", "folder/x.txt", "folder/b/x.txt"):
        fd, found = open_below(str(root), str(root / path))
        assert (os.read(fd, 100), found.st_size) == (b"public", 6)
        os.close(fd)
    assert len(os.listdir("/proc/self/fd")) == before
    for path in ("out/x.txt", "out/b/x.txt"):
        with pytest.raises(NotFound):
            open_below(str(root), str(root / path))
    for path in ("none", "a/none", "none/x", "a/x.txt/y", "loop", "a", "folder"):
        with pytest.raises(OSError) as caught:
            open_below(str(root), str(root / path))
        assert opening.is_missing(caught.value)
    assert len(os.listdir("/proc/self/fd")) == before


def test_only_regular_files(tmp_path: Path) -> None:
    """Opening does not wait for a pipe. A link can be refused."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(IsADirectoryError, match="expected a regular file"):
        open_file(tmp_path / "pipe")
    os.close(open_file(tmp_path / "link")[0])
    with pytest.raises(OSError):
        open_file(tmp_path / "link", follow=False)


@pytest.mark.parametrize(("number", "kind"), [(errno.EINVAL, NotFound), (errno.EIO, OSError)])
def test_a_link_that_cannot_be_read(
    number: int, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that was replaced meanwhile is no file of the directory. A disk that fails is no answer about the name.

    Either way the error of the disk can be seen: it is the cause of the 404, or is raised itself.
    """

    def fail(path: str) -> str:
        raise OSError(number, "of the disk")

    monkeypatch.setattr(os.path, "realpath", fail)
    with pytest.raises(kind) as caught:
        opening.resolve_below(str(tmp_path), str(tmp_path / "f"))
    seen = caught.value.__cause__ if kind is NotFound else caught.value
    assert isinstance(seen, OSError)
    assert seen.errno == number


def test_another_file_below_the_directory_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no folder can be opened, a file is refused that is replaced between its opening and the look at its path,
    and its descriptor is closed.
    """
    root = Path(os.path.realpath(tmp_path))
    for name in ("f", "g"):
        (root / name).write_text(name)
    opened: list[int] = []

    def open_and_replace(path: str) -> tuple[int, os.stat_result]:
        fd, found = open_file(path)
        opened.append(fd)
        (root / "g").rename(root / "f")
        return fd, found

    monkeypatch.setattr(opening, "open_file", open_and_replace)
    with pytest.raises(NotFound):
        opening._open_then_compare(str(root), str(root / "f"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


def test_a_link_that_becomes_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a folder takes the place of a link before the link is read, the file in the folder is opened."""
    folder = Folder(tmp_path, "a")
    folder.swap()

    def restore_and_resolve(directory: str, path: str) -> str:
        folder.restore()
        return real(directory, path)

    real = opening.resolve_below
    monkeypatch.setattr(opening, "resolve_below", restore_and_resolve)
    fd, _ = open_below(str(folder.root), str(folder.root / "a" / "x.txt"))
    assert os.read(fd, 100) == b"public"
    os.close(fd)


#: the flags that not every system has
FLAGS = ("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_PATH")


@pytest.mark.parametrize("count", range(len(FLAGS) + 1))
def test_systems_without_some_flags(tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files below the directory are opened for reading, and no others, whichever flags a system has. Without
    ``O_NOFOLLOW`` no folder is opened on the way."""
    folder = Folder(tmp_path, "a")
    root = folder.root
    (root / "out").symlink_to(folder.root.parent / "outside")
    (root / "folder").symlink_to("a")
    for missing in combinations(FLAGS, count):
        with monkeypatch.context() as patch:
            for name in missing:
                patch.delattr(os, name)
            if count:
                patch.delattr(errno, "EMLINK")
            system: Any = run_path(opening.__file__, run_name="cardan.files._opening")
        assert system["_walks"] == ("O_NOFOLLOW" not in missing)
        for path in ("a/x.txt", "a/b/x.txt", "folder/b/x.txt"):
            fd, _ = system["open_below"](str(root), str(root / path))
            assert os.read(fd, 100) == b"public", missing
            with pytest.raises(OSError):
                os.write(fd, b"x")
            os.close(fd)
        for path in ("out/x.txt", "out/b/x.txt"):
            with pytest.raises(NotFound):
                system["open_below"](str(root), str(root / path))
        for path in ("none", "a", "a/x.txt/y"):
            with pytest.raises(OSError) as caught:
                system["open_below"](str(root), str(root / path))
            assert system["is_missing"](caught.value)
