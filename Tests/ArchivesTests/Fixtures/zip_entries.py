"""Writes zip_entries.json: archives made by Python's zipfile, whose contents follow from a formula.

Byte i of a content of n bytes is (i * i + i // 7) % 251. Run: python3 zip_entries.py > zip_entries.json
"""
import io
import json
import zipfile


def content(count):
    return bytes((i * i + i // 7) % 251 for i in range(count))


class Stream(io.RawIOBase):
    """A file that cannot be wound back, so that sizes stand behind the contents."""

    def __init__(self):
        self.bytes = b""

    def writable(self):
        return True

    def write(self, piece):
        self.bytes += bytes(piece)
        return len(piece)


def archive(entries, method, comment=b"", is_stream=False, is_long=False):
    target = Stream() if is_stream else io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as file:
        for name, count in entries.items():
            information = zipfile.ZipInfo(name)
            information.compress_type = method
            with file.open(information, "w", force_zip64=is_long) as entry:
                entry.write(content(count))
        file.comment = comment
    return (target.bytes if is_stream else target.getvalue()).hex()


some = {"numbers.npy": 1000, "folder/none": 0, "umlaut-\u00e4": 33}
files = [
    {"name": "stored", "entries": some, "hexadecimal": archive(some, zipfile.ZIP_STORED)},
    {"name": "deflated", "entries": some, "hexadecimal": archive(some, zipfile.ZIP_DEFLATED)},
    {"name": "comment", "entries": some, "hexadecimal": archive(some, zipfile.ZIP_DEFLATED, b"PK\5\6 no end yet")},
    {"name": "streamed", "entries": some, "hexadecimal": archive(some, zipfile.ZIP_DEFLATED, is_stream=True)},
    {"name": "ZIP64", "entries": some, "hexadecimal": archive(some, zipfile.ZIP_STORED, is_long=True)},
    {"name": "empty", "entries": {}, "hexadecimal": archive({}, zipfile.ZIP_STORED)},
]
print(json.dumps({"files": files}, indent=1))
