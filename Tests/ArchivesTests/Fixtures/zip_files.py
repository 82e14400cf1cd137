"""Writes zip_files.json: zip archives as Python's zipfile makes them, base64, and what is in them.

    python zip_files.py
"""
import base64
import io
import json
import pathlib
import stat
import zipfile

TEXT = ("a line that repeats itself\n" * 200).encode()


def archive(write, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as file:
        write(file)
    return base64.b64encode(buffer.getvalue()).decode()


def plain(file):
    file.writestr("folder/stored", b"0123456789")
    file.writestr(zipfile.ZipInfo("folder/"), b"")
    file.writestr("deflated", TEXT, zipfile.ZIP_DEFLATED)
    file.comment = b"a comment with PK\x05\x06 in it"


def long(file):
    """ZIP64 fields where none are needed, and a data descriptor, as a writer that cannot seek makes them."""
    with file.open("deflated", "w", force_zip64=True) as entry:
        entry.write(TEXT)
    with file.open(zipfile.ZipInfo("stored"), "w", force_zip64=True) as entry:
        entry.write(b"0123456789")


def link(file):
    info = zipfile.ZipInfo("link")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    file.writestr(info, b"/etc/passwd")


fixture = {
    "plain": archive(plain),
    "long": archive(long, compression=zipfile.ZIP_DEFLATED),
    "link": archive(link),
    "bzip2": archive(lambda file: file.writestr("a", TEXT, zipfile.ZIP_BZIP2)),
    "empty": archive(lambda file: None),
}
pathlib.Path(__file__).with_name("zip_files.json").write_text(json.dumps(fixture, indent=1) + "\n")
