"""The flow "read-documents" on a real Prefect server: claims kept and shown, and red when a document was not read."""

import asyncio
from datetime import date

import pytest
from prefect.client.orchestration import get_client

from flows import reading, unreviewed
from flows.read_documents import read_documents
from flows.settings import Settings
from tests.flows.test_read import NEWS, one_rule

# Prefect leaves sockets to the garbage collector when its test server stops.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.mark.usefixtures("server")
def test_the_flow_keeps_the_claims_and_shows_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLICYDIFF_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sources.proposals.propose", one_rule)
    (tmp_path / "news.txt").write_text(NEWS, encoding="utf-8")
    (tmp_path / "empty.txt").write_bytes(b"")
    assert asyncio.run(read_documents(["news.txt"], published=date(2024, 11, 19))) == 1
    with pytest.raises(reading.DocumentsUnread, match=r"1 document could not be read:\n  empty\.txt"):
        asyncio.run(read_documents(["news.txt", "empty.txt"]))
    assert len(unreviewed.kept(Settings()).proposals()) == 1
    tables = asyncio.run(_tables())
    assert len(tables) == 2
    assert "Remain in Mexico" in tables[0]
    assert "Pledged" in tables[0]


async def _tables():
    """Return the tables the runs left, the oldest first."""
    async with get_client() as client:
        artifacts = [a for a in await client.read_artifacts() if a.key == "claims-read"]
    return [artifact.data for artifact in sorted(artifacts, key=lambda artifact: artifact.created)]
