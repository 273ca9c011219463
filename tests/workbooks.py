"""Small workbooks for tests, made with the standard library: sheets of text and numbers."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{}</Types>'
)
_SHEET_TYPE = (
    '<Override PartName="/xl/worksheets/sheet{}.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    "{}</Relationships>"
)
_RELATION = (
    '<Relationship Id="rId{0}" Target="{2}" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{1}"/>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
# A fixed time, so that the same sheets give the same bytes.
_TIME = (2026, 1, 15, 12, 0, 0)


def workbook(sheets: Mapping[str, Sequence[Sequence[str | int | float]]]) -> bytes:
    """Return an XLSX file with these sheets; text that is a number becomes one."""
    names = list(sheets)
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1))
    parts = {
        "[Content_Types].xml": _TYPES.format("".join(_SHEET_TYPE.format(n + 1) for n in range(len(names)))),
        "_rels/.rels": _RELATIONS.format(_RELATION.format(1, "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<?xml version="1.0"?><workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}"><sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": _RELATIONS.format(
            "".join(_RELATION.format(n, "worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(names) + 1))
        ),
    }
    for number, name in enumerate(names, 1):
        rows = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in sheets[name])
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<?xml version="1.0"?><worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in parts.items():
            archive.writestr(zipfile.ZipInfo(path, _TIME), content)
    return file.getvalue()


def _cell(value: str | int | float) -> str:
    try:
        return f"<c><v>{float(value):g}</v></c>" if value != "" else "<c/>"
    except ValueError:
        return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'
