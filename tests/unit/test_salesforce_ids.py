"""Salesforce ids in both their lengths, and Opportunity ids in free text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbsf.salesforce.ids import is_id, is_sound, long_id, opportunity_ids_in

LONG = "0065500000KQ12XAAT"
SHORT = "0065500000KQ12X"
ids = st.text("0123456789ABCXYZabcxyz", min_size=15, max_size=15)


@pytest.mark.parametrize("long", [LONG, "0012300000bVTq1AAG", "001Da00000xnAiyIAE"])
def test_recorded_ids_carry_the_checksum_of_their_first_fifteen(long: str) -> None:
    assert long_id(long[:15]) == long
    assert long_id(long) == long


@given(ids)
def test_a_long_id_whose_case_was_lost_is_not_sound(short: str) -> None:
    long = long_id(short)
    assert is_sound(long)
    lowered = long[:15].lower() + long[15:]
    assert is_sound(lowered) == (short == short.lower())


@pytest.mark.parametrize("text", ["", "006", SHORT[:-1], SHORT + "A", LONG + "A", SHORT[:-1] + "é", SHORT + "\n"])
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValueError, match=r".*"):
        long_id(text)


@pytest.mark.parametrize(
    "text",
    [
        SHORT,
        LONG,
        f"Deal {SHORT}, thanks",
        f"https://acme.lightning.force.com/lightning/r/Opportunity/{LONG}/view",
        f"({LONG})\n{SHORT}",
    ],
)
def test_an_opportunity_is_found_as_a_whole_word_in_either_length(text: str) -> None:
    assert opportunity_ids_in(text) == (LONG,)


@pytest.mark.parametrize(
    "text",
    ["", f"x{SHORT}", f"{SHORT}x", f"{SHORT}AAA", f"{LONG}1", f"é{SHORT}", "0015500000KQ12X", "006 5500000KQ12X"],
)
def test_what_only_looks_like_an_opportunity_is_not_taken_for_one(text: str) -> None:
    assert opportunity_ids_in(text) == ()


def test_several_opportunities_keep_their_order() -> None:
    assert opportunity_ids_in(f"0065500000KQ12Z {SHORT} {LONG}") == ("0065500000KQ12ZAAT", LONG)
