"""Time and memory of reading a list of 100 MB in OFAC's XML, against iterparse that does nothing but clear.

Run `python -m tests.benchmarks.ofac_xml [megabytes] [pairs]`. The list is invented and written to a temporary file.
Each side runs in a child process of its own, in turn, and reports its processor time and its peak of memory above what
it had after its imports. Two bare readers are measured: one is told of every element, as iterparse is by default; the
other only of entries, the least there is to do.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

SPACE = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML"
HEAD = (
    f'<?xml version="1.0" standalone="yes"?>\n<sdnList xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    f'xmlns="{SPACE}">\n'
)
PROGRAMMES = ("CUBA", "SDGT", "SDNTK", "VENEZUELA-EO13850", "IFSR", "GLOMAG", "RUSSIA-EO14024", "ILLICIT-DRUGS-EO14059")
SAFELY = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def _entry(number: int) -> str:
    """Return an entry of about the real ones' 1.5 KB, with one programme or two."""
    tags = dict.fromkeys((PROGRAMMES[number % 8], PROGRAMMES[number * 7 % 5]))
    programmes = "".join(f"      <program>{tag}</program>\n" for tag in tags)
    aliases = "".join(
        f"      <aka>\n        <uid>{number * 10 + k}</uid>\n        <type>a.k.a.</type>\n"
        f"        <category>strong</category>\n        <lastName>INVENTED COMPANY {number} {k}</lastName>\n"
        "      </aka>\n"
        for k in range(3)
    )
    return (
        f"  <sdnEntry>\n    <uid>{number}</uid>\n    <lastName>INVENTED COMPANY {number}</lastName>\n"
        f"    <sdnType>Entity</sdnType>\n    <remarks>(Linked To: INVENTED COMPANY {number // 2})</remarks>\n"
        f"    <programList>\n{programmes}    </programList>\n"
        f"    <idList>\n      <id>\n        <uid>{number}</uid>\n        <idType>Registration Number</idType>\n"
        f"        <idNumber>{number:010d}</idNumber>\n        <idCountry>Cuba</idCountry>\n      </id>\n    </idList>\n"
        f"    <akaList>\n{aliases}    </akaList>\n"
        f"    <addressList>\n      <address>\n        <uid>{number}</uid>\n"
        f"        <address1>Invented Street {number}</address1>\n        <city>Havana</city>\n"
        f"        <country>Cuba</country>\n      </address>\n    </addressList>\n  </sdnEntry>\n"
    )


def write(path: Path, megabytes: int) -> int:
    """Write a list of about that size; return how many entries it has."""
    entries = megabytes * 1_000_000 // len(_entry(40_000))
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        file.write("  <publshInformation>\n    <Publish_Date>01/15/2026</Publish_Date>\n")
        file.write(f"    <Record_Count>{entries}</Record_Count>\n  </publshInformation>\n")
        file.writelines(_entry(number) for number in range(36, 36 + entries))
        file.write("</sdnList>\n")
    return entries


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _child(side: str, path: Path) -> dict[str, float]:
    """Run one side in this process; return its seconds, its bytes above the imports and what it counted."""
    from sources.connectors import ofac_sdn  # both sides start from the same imports

    with path.open("rb") as file:
        before, started, counted = _peak_bytes(), time.process_time(), 0
        if side == "ours":
            from sources.snapshots import Snapshot

            now = datetime(2026, 1, 15, tzinfo=UTC)
            snapshot = Snapshot(source_id="ofac_sdn", key="SDN.XML", url="", retrieved=now, sha256="", file=file)
            counted = int(ofac_sdn.parse(snapshot).series["value"].sum())
        else:
            import lxml.etree

            tag = f"{{{SPACE}}}sdnEntry" if side == "entries" else None
            for _, element in lxml.etree.iterparse(file, events=("end",), tag=tag, **SAFELY):
                element.clear()
                if side == "entries":
                    counted += 1
                    while element.getprevious() is not None:
                        del element.getparent()[0]
        seconds = time.process_time() - started
    return {"seconds": seconds, "bytes": _peak_bytes() - before, "counted": counted}


def _run(side: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.ofac_xml", side, str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(output)
    return found


def main(megabytes: int, pairs: int) -> None:
    """Measure the sides in turn and print their medians and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "SDN.XML"
        entries = write(path, megabytes)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {entries:,} entries, {pairs} pairs")
        runs: dict[str, list[dict[str, float]]] = {"ours": [], "every element": [], "entries": []}
        for _ in range(pairs):
            for side, of_side in runs.items():
                of_side.append(_run(side, path))
    seconds = {side: statistics.median(run["seconds"] for run in of_side) for side, of_side in runs.items()}
    for side, of_side in runs.items():
        peak = max(run["bytes"] for run in of_side) / (1 << 20)
        print(f"{side:>14}: {seconds[side]:.3f} s, peak {peak:.0f} MiB above imports")
    for side in ("every element", "entries"):
        ratios = sorted(a["seconds"] / b["seconds"] for a, b in zip(runs["ours"], runs[side], strict=True))
        print(
            f"ours / bare iterparse of {side}: {seconds['ours'] / seconds[side]:.2f} "
            f"(pairs {ratios[0]:.2f} to {ratios[-1]:.2f})"
        )
    print("targets: 1.1 x, 80 MiB")


if __name__ == "__main__":
    given = sys.argv[1:]
    if given and not given[0].isdigit():
        print(json.dumps(_child(given[0], Path(given[1]))))
    else:
        main(int(given[0]) if given else 100, int(given[1]) if len(given) > 1 else 5)
