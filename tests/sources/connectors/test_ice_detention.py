"""ICE detention statistics: sheets and blocks that move, totals and days that must fit, and the real workbooks."""

import copy
import io
import re
import zipfile
from datetime import date, datetime, timedelta
from math import isfinite
from xml.etree import ElementTree

import pytest

from sources import tables
from sources.connector import Ask, load
from sources.connectors import ice_detention
from sources.errors import SourceChanged
from sources.gathering import Keeping, Outcome, gather
from sources.network import Fetcher, Limits
from sources.readings import Readings
from sources.snapshots import Snapshot, Store
from tests import mutations
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running
from tests.workbooks import workbook

PAYLOADS = FIXTURES / "ice_detention"
MONTHS = ["Oct", "Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep"]
DISCLAIMER = ["These statistics are made available to the public pursuant to an appropriations bill."]
BLANK = ["", "", ""]

# --- The workbooks' shape with invented numbers -----------------------------------------------------------------------

# The sheet of a running year: two months, the second of ten days; blocks beside blocks, none of them where it was.
LATER = [""] * 10


def running_year():
    """Return the sheets of a year that has run for 41 days; the book-ins of ICE in November are no number."""
    days = (31, 10)

    def averages(label, october, november, zeros=(0,) * 10):
        overall = (october * days[0] + november * days[1]) / sum(days)
        return [label, october, november, *zeros, overall]

    return {
        "Header": [["ICE Detention Statistics"], DISCLAIMER, ["Data fluctuate until “locked” at the end of the year."]],
        "ATD FY26 YTD": [
            ["U.S. Immigration and Customs Enforcement"],
            DISCLAIMER,
            [],
            ["ICE ALTERNATIVES TO DETENTION DATA, FY26"],
            ["ATD Active Population Counts and Daily Cost by Technology", *BLANK, "FY26 thru October Court Appearance"],
            ["Technology", "Count", "Daily Tech Cost", "", "Metric", "Count", "%"],
            ["SmartLINK", 160, 153.5, "", "Attended", 90, 0.9],
            ["Total", 160, 153.5, "", "Total", 100, 1],
            ["Data from BI Inc. Participants Report, 11.01.2025"],
            [],
            ["ATD Active Population by Status, Extended Case Management Service, Count and ALIP, FY26"],
            ["FAMU Status", "Count", "ALIP"],
            ["FAMU", 60, 928.5],
            ["Single Adult", 100, 670.25],
            ["Total", 160, 767],
            ["Data from BI Inc. Participants Report, 11.08.2025"],
            ["Data from OBP Report, 11.10.2025"],
        ],
        "Detention FY26": [
            ["U.S. Immigration and Customs Enforcement"],
            DISCLAIMER,
            ["ICE DETENTION DATA, FY2026"],
            [],
            ["ICE Currently Detained by Processing Disposition and Detention Facility Type: FY2026"],
            ["Processing Disposition", "FSC", "Adult", "Total"],
            ["Total", 1, 118, 119],
            ["Expedited Removal (I-860)", 1, 118, 119],
            [],
            [
                "ICE Currently Detained by Criminality and Arresting Agency: FY2026", *BLANK, *BLANK, "",
                "ICE Initial Book-Ins by Arresting Agency and Month: FY2026",
            ],
            ["Criminality", "ICE", "Percent ICE", "CBP", "Percent CBP", "Total", "", "", "Agency", *MONTHS, "Total"],
            ["Total", 110, 0.92, 9, 0.08, 119, "", "", "Total", 340, 120, *(0,) * 10, 460],
            ["Convicted Criminal", 60, 0.98, 1, 0.02, 61, "", "", "CBP", 40, 10, *LATER, 50],
            ["Pending Criminal Charges", 40, 0.95, 2, 0.05, 42, "", "", "ICE  ", 300, "n/a", *LATER, 410],
            ["Other Immigration Violator", 10, 0.63, 6, 0.37, 16],
            [],
            [
                "ICE Initial Book-Ins by Facility Type and Criminality: FY2026", *BLANK, *BLANK,
                "ICE Final Book Outs by Facility Type: FY2026", *BLANK, "", "", "ICE Removals: FY2026",
            ],
            ["Facility Type", "Total", *BLANK, "", "", "Facility Type", "", "Total", *BLANK, "Removals", "", "Total"],
            ["Total", 460, *BLANK, "", "", "Total", "", 400, *BLANK, "Total", "", 350],
            ["FSC", 2, *BLANK, "", "", "FSC", "", 3, *BLANK, "Removals with a FAMU Identifier", "", 20],
            ["Adult", 458, *BLANK, "", "", "Adult", "", 397],
            [],
            ["ICE Final Book Outs by Release Reason, Month and Criminality: FY2026"],
            ["Release Reason", "Criminality", *MONTHS, "Total"],
            ["Total", "", 300, 100, *(0,) * 10, 400],
            ["Bonded Out", "Total", 30, 10, *(0,) * 10, 40],
            [],
            ["ICE Average Daily Population by Arresting Agency, Month and Criminality: FY2026"],
            ["Agency", *MONTHS, "FY Overall"],
            averages("CBP Average", 20, 10),
            averages("Convicted Criminal", 5, 4),
            averages("Pending Criminal Charges", 3, 1),
            averages("Other Immigration Violator", 12, 5),
            averages("ICE Average  ", 100.5, 110.25),
            averages("Convicted Criminal", 60.5, 60.25),
            averages("Pending Criminal Charges", 30, 40),
            averages("Other Immigration Violator", 10, 10),
            averages("Average ", 120.5, 120.25),
            averages("Convicted Criminal", 65.5, 64.25),
            averages("Pending Criminal Charges", 33, 41),
            averages("Other Immigration Violator", 22, 15),
            [],
            ["ICE Average Length of Stay by Arresting Agency, Month and Criminality: FY2026"],
            ["Agency", *MONTHS, "FY Overall"],
            ["CBP Average", 74.5, 92.25, *(0,) * 10, 91.5],
            ["ICE Average  ", 42.5, 41.25, *(0,) * 10, 44.5],
        ],
        " ICLOS and Detainees": [["Average In Custody Length of Stay (ICLOS)"], ["Population ", 2020], ["Total", 21735]],
        "Footnotes": [
            ["U.S. Immigration and Customs Enforcement"],
            DISCLAIMER,
            ["ICE FOOTNOTES"],
            ["Term", "Definition"],
            ["ADP", "Average daily population"],
            [
                "FY2026 ICE Average Daily Population and ICE Average Length of Stay",
                "FY2026 YTD ICE Detention data are updated through 11/10/2025 (IIDS Run Date 11/11/2025; EID as of "
                "11/10/2025).",
            ],
            ["", "ICE Detention data exclude ORR transfers/facilities."],
            [
                "FY2026 and FY2025 ICE Final Book Outs",
                "FY2026 YTD ICE Final Book Out data are updated through 11/09/2025 (IIDS Run Date 11/11/2025).",
            ],
            ["FY2026 ICE Removals", "FY2026 YTD ICE Removals data are updated through 11/09/2025 (IIDS 11/11/2025)."],
            ["", "ICE Removal Data Include Returns and Expulsions.  Returns include Voluntary Returns."],
            ["ICE Currently Detained Population Breakdown", "ICE National Docket data are a snapshot as 11/10/2025 (IIDS)."],
            ["FY2026 ICE Initial Book-Ins", "FY2026 YTD ICE Book-ins data is updated through 11/10/2025 (IIDS)."],
            ["Individuals with Credible Fear Parole", "Encounters data is updated through 11/07/2025 (IIDS)."],
        ],
    }  # fmt: skip


def finished_year():
    """Return the sheets of a year that is over, as they were named and labelled seven years before."""
    yearly = [300, *(200,) * 11]
    return {
        "Header": [["ICE Detention Statistics"], DISCLAIMER],
        "ATD FY19": [
            ["ICE ALTERNATIVES TO DETENTION DATA, FY19 YE"],
            ["ATD Active Population by Status, Extended Case Management Service, Count and ALIP, EOFY2019"],
            ["FAMU Status", "Count", "ALIP"],
            ["FAMU", 70, 292.25],
            ["ECMS-FAMU", 4, 276.5],
            ["Single Adult", 20, 362.5],
            ["ECMS-Single Adult", 5, 273.5],
            ["Total", 99, 352.25],
            ["Data from BI Inc. Participants Report, 9.30.2019"],
        ],
        "Detention EOFY2019": [
            ["ICE DETENTION DATA, FY19"],
            ["ICE Currently Detained by Criminality and Arresting Agency"],
            ["Criminality", "ICE", "Percent ICE", "CBP", "Percent CBP", "Total"],
            ["Total", 30, 0.6, 20, 0.4, 50],
            ["Convicted Criminal", 20, 0.5, 20, 0.5, 40],
            ["Other Immigration Violator", 10, 1, 0, 0, 10],
            [],
            ["ICE Initial Book-Ins by Arresting Agency and Month: EOFY2019 "],
            ["Agency", *MONTHS, "Total"],
            ["Total", *(x + 10 for x in yearly), 2620],
            ["ICE ", *(10,) * 12, 120],
            ["CBP", *yearly, 2500],
            [],
            ["ICE Final Releases by Facility Type: FY2019 ", *BLANK, *BLANK, "ICE Removals: FY2019 "],
            ["Facility Type", "", "Total", *BLANK, "", "", "", "Removals"],
            ["Total", "", 1000, *BLANK, "", "Total", "", 1200],
            ["FRC", "", 100, *BLANK, "", "Removals with an FRC Detention", "", 30],
            ["Adult", "", 900],
            [],
            ["ICE Final Releases by Release Reason and Criminality: FY2019 "],
            ["Release Reason", "Convicted Criminal", "Total"],
            ["Total", 400, 1000],
            [],
            ["ICE Average Daily Population by Arresting Agency, Month and Criminality: FY2019 "],
            ["Agency", *MONTHS, "FY Overall"],
            ["CBP Average", *(25.5,) * 13],
            ["Convicted Criminal", *(5.5,) * 13],
            ["Non-Criminal", *(20,) * 13],
            ["ICE Average", *(30,) * 13],
            ["Convicted Criminal", *(28,) * 13],
            ["Non-Criminal", *(2,) * 13],
            ["Average", *(55.5,) * 13],
            ["Convicted Criminal", *(33.5,) * 13],
            ["Non-Criminal", *(22,) * 13],
        ],
        "Footnotes": [
            ["ICE FOOTNOTES"],
            [
                "FY2019 ICE Average Daily Population and ICE Average Length of Stay",
                "EOFY2019 ICE Detention data is filtered through 09/30/2019 (IIDS v.1.34 run date 10/06/2019).",
            ],
            ["FY2019 ICE Final Releases", "EOFY2019 ICE Final Releases data is filtered through 09/30/2019 (IIDS)."],
            ["FY2018 ICE Final Releases", "FY2018 ICE Final Releases data is historic and remains static."],
            ["FY2019 ICE Removals", "EOFY2019 data are historic. Data are filtered through 9/30/2019 (IIDS)."],
            ["", "ICE Removal Data Include Returns.  Returns include Voluntary Returns and Voluntary Departures."],
            ["ICE Currently Detained Population", "ICE National Docket data are a snapshot as of 10/04/2019 (IIDS)."],
            ["FY2019 ICE Initial Book-Ins", "EOFY2019 ICE Detention data is filtered through 09/30/2019 (IIDS)."],
        ],
    }


def parse(content, name="payload.xlsx"):
    """Read bytes as the connector does."""
    snapshot = Snapshot.of(content, source_id="ice_detention", name=name, retrieved=RETRIEVED)
    return tables.check(ice_detention.parse(snapshot), "ice_detention")


def payload(name="payload.xlsx"):
    """Return a recorded workbook."""
    return (PAYLOADS / name).read_bytes()


def changed(old, new, sheets=None, times=1):
    """Return the running year's workbook with the first cells that are `old` made `new`."""
    sheets = copy.deepcopy(sheets or running_year())
    places = [(row, n) for rows in sheets.values() for row in rows for n, cell in enumerate(row) if cell == old]
    assert len(places) >= times, f"{old!r} is not in the workbook"
    for row, n in places[:times]:
        row[n] = new
    return workbook(sheets)


def read(parsed):
    """Return what is compared with the oracle."""
    return {
        (row.measure, row.population, row.start_date.date(), row.end_date.date()): row.value
        for row in parsed.series.itertuples()
    }
