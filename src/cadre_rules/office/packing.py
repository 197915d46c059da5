"""Workbooks and documents that are the same bytes whenever they are written: their parts bear no time."""

import re
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def timeless(written: bytes) -> bytes:
    """Return a workbook or document (a zip of parts) with no day in it on which it was written."""
    alike = BytesIO()
    with ZipFile(BytesIO(written)) as parts, ZipFile(alike, "w", ZIP_DEFLATED) as packed:
        for name in parts.namelist():
            held = parts.read(name)
            if name == "docProps/core.xml":
                held = _TIMES.sub(rb"\g<1>2000-01-01T00:00:00Z", held)
            packed.writestr(ZipInfo(name), held, ZIP_DEFLATED)
    return alike.getvalue()
