"""What became of a claim: one case for each outcome (rulings 25 and 37)."""

from datetime import date

import pytest

from reports.projection import claims_of
from reports.state import Clock, cells
from sources.model import EndedHow, Legal, Modality, Outcome, Stage
from tests.make import claim, instrument, statement

CLOCK = Clock(as_of=date(2026, 11, 24), on=date(2026, 11, 24), vintage=date(2025, 1, 19))
CAME = statement(1, "2025-02-01", stage=Stage.IN_FORCE, level=3)
ENDED = statement(2, "2026-02-20", stage=Stage.ENDED, ended_how=EndedHow.STRUCK_DOWN)
SIGNED = statement(3, "2025-03-01", stage=Stage.SIGNED)
PARTLY_BLOCKED = statement(4, "2025-06-01", legal=Legal.PARTLY_ENJOINED)
NEVER = statement(5, "2025-01-20", stage=Stage.NONE, holds_to=date(2027, 1, 1))
DUE = {"horizon": date(2025, 1, 20), "stage": Stage.PLEDGED}
THREAT = {"modality": Modality.THREAT_CONDITIONAL, "stage": Stage.THREATENED, "horizon": date(2025, 1, 20)}


def outcome(said, *happened):
    """Return the outcome of one claim, made on 1 December 2024."""
    made = instrument(claim(9, "2024-12-01", **said), *happened)
    (cell,) = cells(made, CLOCK)
    (scored,) = claims_of(made, cell, CLOCK)
    return scored.outcome


@pytest.mark.parametrize(
    ("said", "happened", "expected"),
    [
        (DUE, [CAME], Outcome.REALISED),
        ({**DUE, "level": 4}, [CAME], Outcome.PARTLY),
        (DUE, [CAME, PARTLY_BLOCKED], Outcome.PARTLY),
        (DUE, [SIGNED], Outcome.PARTLY),
        (DUE, [CAME, ENDED], Outcome.REVERSED),
        (DUE, [NEVER], Outcome.NOT_REALISED),
        ({"stage": Stage.PLEDGED}, [NEVER], Outcome.TOO_EARLY),
        (DUE, [], Outcome.NOT_KNOWN),
        ({**DUE, "is_negated": True}, [CAME], Outcome.NOT_REALISED),
        ({**DUE, "is_negated": True}, [NEVER], Outcome.REALISED),
        (THREAT, [CAME], Outcome.NOT_KNOWN),
        ({**THREAT, "condition_met": True}, [CAME], Outcome.REALISED),
        ({**THREAT, "condition_met": True}, [CAME, ENDED], Outcome.REVERSED),
        ({**THREAT, "condition_met": True}, [NEVER], Outcome.NOT_REALISED),
        ({**THREAT, "condition_met": False}, [NEVER], Outcome.NOT_TRIGGERED),
        (THREAT, [NEVER], Outcome.NOT_TRIGGERED),
    ],
)
def test_each_outcome(said, happened, expected):
    assert outcome(said, *happened) is expected
