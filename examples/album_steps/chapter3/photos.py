"""The files of the photos: which are accepted, and where they are."""

from __future__ import annotations

from pathlib import Path

from cardan import FileStorage

from .database import Album, Photo, new_id

# the first bytes of the types that browsers show and that cannot contain scripts
SIGNATURES = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def media_type(file: FileStorage) -> str | None:
    """The media type by the first bytes of a file; None if it is not a photo."""
    head = file.read(12)
    file.seek(0)
    if head.startswith(b"RIFF") and head.endswith(b"WEBP"):
        return "image/webp"
    for signature, name in SIGNATURES.items():
        if head.startswith(signature):
            return name
    return None


def store(file: FileStorage, album: Album, folder: Path) -> Photo | None:
    """Write an uploaded file into ``folder``. None if it is not a photo."""
    mimetype = media_type(file)
    if mimetype is None:
        return None
    photo = Photo(new_id(), album.id, file.safe_filename, mimetype)
    file.save(folder / photo.id)
    return photo
