"""Writes gzip_files.json: files made by Python's gzip and zlib, whose content follows from a formula.

Byte i of a content of n bytes is (i * i + i // 7) % 251. Run: python3 gzip_files.py > gzip_files.json
"""
import gzip
import io
import json
import struct
import zlib


def content(count):
    return bytes((i * i + i // 7) % 251 for i in range(count))


def plain(count, level):
    return gzip.compress(content(count), compresslevel=level, mtime=0)


def named(count):
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="brain.nii", mode="wb", fileobj=buffer, mtime=1700000000) as file:
        file.write(content(count))
    return buffer.getvalue()


def all_fields(count):
    """Extra field, name, comment and header checksum: every optional part of the header."""
    header = struct.pack("<BBBBIBB", 0x1F, 0x8B, 8, 2 | 4 | 8 | 16, 0, 0, 3)
    header += struct.pack("<H", 5) + b"extra" + b"name\0" + b"comment\0"
    header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflater.compress(content(count)) + deflater.flush()
    return header + body + struct.pack("<II", zlib.crc32(content(count)), count)


files = [
    {"name": "empty", "count": 0, "hexadecimal": plain(0, 6).hex()},
    {"name": "stored", "count": 300, "hexadecimal": plain(300, 0).hex()},
    {"name": "level 1", "count": 1000, "hexadecimal": plain(1000, 1).hex()},
    {"name": "level 9", "count": 5000, "hexadecimal": plain(5000, 9).hex()},
    {"name": "with a file name", "count": 100, "hexadecimal": named(100).hex()},
    {"name": "every header field", "count": 100, "hexadecimal": all_fields(100).hex()},
]
print(json.dumps({"files": files}, indent=1))
