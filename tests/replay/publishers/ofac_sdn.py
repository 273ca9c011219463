"""OFAC: the address of the list redirects to a signed one, which serves it."""

from pathlib import Path

from tests.replay.server import Asked, Reply


def answer(asked: Asked, folder: Path) -> Reply:
    """Answer with a redirect, then with the list."""
    if asked.path == "/SDN.XML":
        target = f"{asked.base_url}/signed/sdn.xml?X-Amz-Signature=secret"
        return Reply(status=302, body=b"", media_type="text/plain", headers={"Location": target})
    if asked.path == "/signed/sdn.xml" and asked.query.get("X-Amz-Signature") == ["secret"]:
        return Reply(body=(folder / "payload_list.xml").read_bytes(), media_type="application/xml")
    return Reply(status=403, body=b"<Error><Code>AccessDenied</Code></Error>", media_type="application/xml")
