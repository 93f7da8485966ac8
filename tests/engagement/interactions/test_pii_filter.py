from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.interactions.pii_filter import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail me at jane.doe+x@example.co.uk please", "mail me at [e-mail] please"),
        ("jane [at] firm [dot] org", "[e-mail]"),
        ("name at gmail dot com", "[e-mail]"),
        ("john dot doe at gmail dot com", "[e-mail]"),
        ("write to john [dot] doe [at] firm [dot] org!", "write to [e-mail]!"),
        ("(0)20 7946 0958", "[telephone]"),
        ("ring (0) 2079460958 today", "ring [telephone] today"),
        ("call me 555-123-4567", "call me [telephone]"),
        ("(555) 123-4567 or 0176 12345678", "[telephone] or [telephone]"),
        ("+44 7935 454150 lovely girl", "[telephone] lovely girl"),
        ("+447935454150", "[telephone]"),
        ("My name is Jane Smith and I love this", "My name is [name] and I love this"),
        ("my name is jane", "my name is [name]"),
        ("Ich heiße Jürgen", "Ich heiße [name]"),
        ("Hello! I'm Marian, I'm a singer", "Hello! I'm [name], I'm a singer"),
        ("This is Anna from Berlin", "This is [name] from Berlin"),
        ("Great post!\nBest regards,\nAnna Müller", "Great post!\nBest regards,\n[name]"),
        ("So lovely, thank you. - Anna", "So lovely, thank you. - [name]"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask(text).text == masked


@pytest.mark.parametrize(
    "said",
    [
        *("my name is", "my full name is", "my real name is", "my first name is", "my last name is"),
        *("my name's", "my name\u2019s", "my name:", "I am called", "I'm called", "call me", "me llamo"),
        *("mi nombre es", "je m'appelle", "je m\u2019appelle", "mon nom est", "ich heisse", "ich heiße"),
        *("mein name ist", "meu nome é", "me chamo", "mi chiamo", "nazywam się", "mijn naam is"),
    ],
)
def test_a_name_is_masked_after_each_way_to_say_that_it_is_one(said: str) -> None:
    for spelled in (said, said.capitalize()):
        assert mask(f"{spelled} Ana Lima, hola").text == f"{spelled} [name], hola"


@pytest.mark.parametrize(
    "text",
    [
        "2,127,315,950 views",
        "2.126.521.750 views!!",
        "1234567890 views",
        "2010 2011 2012 2013",
        "on 12/05/2014 at 10:30",
        "it costs $1000000000",
        "https://example.org/item?id=1415297812",
        "@anna.m look at this",
        "I'm So happy",
        "I am American and proud",
        "my name is not important",
        "call me maybe",
        "Love, Peace and Happiness",
        "meet me at the beach",
        "",
    ],
)
def test_what_is_no_personal_data_stays(text: str) -> None:
    assert mask(text).text == text


def test_what_was_masked_is_counted() -> None:
    found = mask("I'm Anna, anna@example.org, +49 171 2345678")

    assert (found.emails, found.telephones, found.names) == (1, 1, 1)


def test_a_name_in_the_middle_of_a_sentence_is_not_found() -> None:
    """The documented limit: without a language model it is a word like any other."""
    assert mask("yesterday Jane Smith was there").names == 0


@given(st.text())
def test_masking_twice_changes_nothing(text: str) -> None:
    once = mask(text).text

    assert mask(once).text == once


@given(st.text(), st.emails().filter(lambda mail: mail.isascii() and mail[0].isalnum() and "'" not in mail))
def test_no_plain_address_survives(text: str, address: str) -> None:
    assert address not in mask(f"{text} {address} {text}").text or not all(c.isalnum() or c in "@.-_+" for c in address)


@given(st.integers(10**6, 10**11), st.sampled_from(["+49 ", "+1-", "0044 "]))
def test_no_international_number_survives(number: int, prefix: str) -> None:
    assert str(number) not in mask(f"reach me: {prefix}{number}").text
