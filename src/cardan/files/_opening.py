"""Opening files: regular files only, never waiting, and below a directory if the path came from a client.

Takes paths; gives a descriptor and what ``fstat`` says of it. Raises :exc:`OSError` for what cannot be opened, and
:exc:`NotFound` for a path whose symbolic links lead out of the directory.

A path can change between a check and the opening: a part of it is replaced with a symbolic link. So nothing is checked
before :func:`open_below` opens: each part of the path is opened relative to the part before it, and the operating
system refuses a link (``O_NOFOLLOW``). Only then is the path resolved, and what it resolves to is opened in the same
way.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

from ..core._exceptions import NotFound

__all__ = ["is_missing", "open_below", "open_file", "resolve_below"]

#: errors that mean that no file has this name, or that it may not be read: the client gets a 404. All other errors (no
#: descriptors left, a disk that fails) are errors of the server.
_MISSING: Final = frozenset({
    errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.EISDIR,
})  # fmt: skip

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
# O_PATH (Linux): a directory that may be searched need not be readable
_DIRECTORY: Final = _NO_LINK | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_PATH", 0)
#: the errors of a system for a symbolic link that it must not follow
_LINKED: Final = frozenset({errno.ELOOP, errno.ENOTDIR, getattr(errno, "EMLINK", errno.ELOOP)})
#: whether the system can open a path part by part; Windows cannot
_walks: bool = os.open in os.supports_dir_fd and bool(_NO_LINK)


def is_missing(error: OSError) -> bool:
    """Tell whether ``error`` says that a file is not there, is no file, or may not be read.

    An application answers 404 then; any other error (too many open files, say) is no answer about the name, and a 500.
    """
    return error.errno in _MISSING


def resolve_below(directory: str, path: str) -> str:
    """``path`` without symbolic links; both arguments are absolute and ``directory`` contains no link.

    Raises :exc:`NotFound` for a path that leads out of the directory, and for one that changes meanwhile.
    """
    try:
        real = os.path.realpath(path)
    except OSError as error:
        if error.errno == errno.EINVAL:  # the link was replaced before it was read
            raise NotFound from error
        raise
    if os.path.commonpath([real, directory]) != directory:
        raise NotFound
    return real


def open_file(
    path: str | os.PathLike[str], *, dir_fd: int | None = None, follow: bool = True
) -> tuple[int, os.stat_result]:
    """Open a regular file for reading: its descriptor and its status.

    ``dir_fd`` is the directory that a relative path starts from. ``follow`` is False if the last part of the path must
    not be a symbolic link. Raises :exc:`OSError`: an :exc:`IsADirectoryError` for everything that is no regular file.
    Never waits: a named pipe without a writer is refused.
    """
    try:
        fd = os.open(path, _FLAGS if follow else _FLAGS | _NO_LINK, dir_fd=dir_fd)
    except OSError as error:
        if error.errno == errno.ENXIO:  # the error of open(2) for a socket
            raise _not_regular(path) from error
        raise
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise _not_regular(path)
    except BaseException:
        os.close(fd)
        raise
    return fd, found


def open_below(directory: str, path: str) -> tuple[int, os.stat_result]:
    """Open a regular file at ``path``, an absolute path below ``directory``, which contains no symbolic link.

    Symbolic links in ``path`` below the directory are followed to places below it. The file that is opened is below the
    directory at the moment of opening, whatever happens to the path meanwhile. Raises :exc:`NotFound` for a link that
    leads out of the directory, :exc:`OSError` as :func:`open_file`.
    """
    if not _walks:
        return _open_then_compare(directory, path)
    try:
        return _walk(directory, path)
    except OSError as error:
        if error.errno not in _LINKED:
            raise
        return _walk(directory, resolve_below(directory, path))


def _walk(directory: str, path: str) -> tuple[int, os.stat_result]:
    """Open ``path`` part by part; the system refuses a part that is a symbolic link."""
    *folders, name = path[len(directory) :].strip(os.sep).split(os.sep)
    if not folders:
        return open_file(path, follow=False)
    at = os.open(os.path.join(directory, folders[0]), _DIRECTORY)
    try:
        for folder in folders[1:]:
            below = os.open(folder, _DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        return open_file(name, dir_fd=at, follow=False)
    finally:
        os.close(at)


def _open_then_compare(directory: str, path: str) -> tuple[int, os.stat_result]:
    """Open ``path``, then see whether it is a path below ``directory`` and names the file that was opened."""
    fd, found = open_file(path)
    try:
        if not os.path.samestat(found, os.stat(resolve_below(directory, path))):
            raise NotFound
    except BaseException:
        os.close(fd)
        raise
    return fd, found


def _not_regular(path: str | os.PathLike[str]) -> OSError:
    return IsADirectoryError(errno.EISDIR, "expected a regular file", os.fspath(path))
