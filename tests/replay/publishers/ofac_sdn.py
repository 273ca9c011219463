"""OFAC's list service: each file is a redirect to a signed address on another host, good for one use here.

The other host is "localhost" on the same port. A signature that was not given, or was used before, is answered 403 with
an XML error, as the object store does. The base address stands for `/api/PublicationPreview/exports`.
"""

import itertools
import zipfile
from io import BytesIO
from pathlib import Path

from tests.replay.server import Asked, Reply

FILES = {
    "SDN.XML": "payload_list.xml",
    "SDN.CSV": "payload_sdn.csv",
    "ADD.CSV": "payload_add.csv",
    "ALT.CSV": "payload_alt.csv",
    "SDN_COMMENTS.CSV": "payload_comments.csv",
    "CONS_PRIM.CSV": "payload_cons_prim.csv",
    "CONS_ADD.CSV": "payload_cons_add.csv",
    "2026-01-13_delta.xml": "payload_delta.xml",
}
SIGNED = "/Published/"
SIGNATURES = itertools.count(1)
good: set[str] = set()


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer a file's own address, or a signed one."""
    name = asked.path.rpartition("/")[2]
    if asked.path.startswith(SIGNED) and asked.headers["host"].startswith("localhost"):
        return _stored(name, asked.query.get("X-Amz-Signature", [""])[0], folder)
    if asked.path == "/changes/latest":
        return _redirect(asked, "2026-01-13_delta.xml")
    if name in FILES or name == "SDN_XML.ZIP":
        return _redirect(asked, name)
    return Reply(status=404, body=b'{"title":"Not Found","status":404}', media_type="application/problem+json")


def _redirect(asked: Asked, name: str) -> Reply:
    signature = f"{next(SIGNATURES):064x}"
    good.add(signature)
    host = asked.base_url.replace("//127.0.0.1:", "//localhost:")
    location = f"{host}{SIGNED}{name}?X-Amz-Expires=3600&X-Amz-Signature={signature}"
    return Reply(status=302, body=b"", media_type="text/plain", headers={"Location": location})


def _stored(name: str, signature: str, folder: Path) -> Reply:
    if signature not in good:
        body = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
        return Reply(status=403, body=body, media_type="application/xml")
    good.remove(signature)
    if name == "SDN_XML.ZIP":
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("SDN.XML"), (folder / FILES["SDN.XML"]).read_bytes())
        return Reply(body=packed.getvalue(), media_type="application/zip")
    return Reply(body=(folder / FILES[name]).read_bytes(), media_type="application/octet-stream")
