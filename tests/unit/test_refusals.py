"""What a mail server's refusal is about: as real servers write it, and whatever stands around it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.replies.refusals import MAX_READ, About, codes_in, most_telling, refusal_about, says_too_large
from tests.support.mail.relay_replies import AGAINST_US, DEAD, EXPECTED, code_and_words

DOCS = Path(__file__).parents[2] / "docs" / "delivery.md"
ROW = re.compile(r"^\| `([245]\d\d[^`]*)` \| (\w+) \|", re.MULTILINE)

CODES = st.sampled_from([*range(500, 560), 421, 450, 451, 452, 454])
POLICY = st.sampled_from(
    [
        "Relay access denied",
        "blocked for spam",
        "policy",
        "5.7.1",
        "(#5.7.1)",
        "relais refuse",
        "quota exceeded",
        "Sender",
    ]
)
MAILBOX = st.sampled_from(["User unknown", "5.1.1", "no such user", "mailbox unavailable", "utilisateur inconnu"])


@pytest.mark.parametrize(("reply", "about"), EXPECTED.items())
def test_replies_of_real_servers(reply: str, about: About) -> None:
    assert refusal_about(*code_and_words(reply)) is about


@pytest.mark.parametrize("reply", DEAD)
def test_case_and_lines_change_nothing(reply: str) -> None:
    code, words = code_and_words(reply)
    for spelling in (words.upper(), words.replace(" ", "  "), words.replace(" ", "\n"), f"{words} ", f"{words}."):
        assert refusal_about(code, spelling) is About.MAILBOX


@given(CODES, st.lists(MAILBOX, min_size=1, max_size=3), POLICY, st.randoms())
def test_no_word_of_a_mailbox_outweighs_one_of_a_policy(
    code: int, dead: list[str], policy: str, chance: object
) -> None:
    assert hasattr(chance, "shuffle")
    parts = [*dead, policy]
    chance.shuffle(parts)
    assert refusal_about(code, ", ".join(parts)) is not About.MAILBOX


@given(CODES, st.text(max_size=300), st.sampled_from(["", "5.1.1 ", "550-5.1.1 ", "User unknown "]))
def test_whatever_a_server_writes_is_read(code: int, text: str, start: str) -> None:
    about = refusal_about(code, start + text)
    if about is About.MAILBOX:
        assert code >= 500


@given(st.tuples(*[st.integers(0, 255)] * 4))
def test_an_ip_address_is_no_code(address: tuple[int, int, int, int]) -> None:
    dotted = ".".join(map(str, address))
    for text in (f"refused by {dotted}", f"[{dotted}]: no", f"({dotted})", f"550-{dotted}", f"#{dotted}", f"{dotted}."):
        assert codes_in(550, text) == []


@given(st.from_regex(r"[a-z0-9.+_-]{1,30}", fullmatch=True))
def test_what_stands_in_an_address_is_no_word(local: str) -> None:
    assert refusal_about(550, f"<{local}@acme.example>: no") is About.MESSAGE
    assert refusal_about(550, f"no to {local}@5.1.1.example") is About.MESSAGE
    assert refusal_about(550, f"5.1.1 <{local}@acme.example>: User unknown") is About.MAILBOX


@pytest.mark.parametrize(
    ("code", "text", "codes"),
    [
        (550, "5.1.1 no", ["5.1.1"]),
        (550, "#5.7.1 no", ["5.7.1"]),
        (550, "said 550-5.1.1 no", ["5.1.1"]),
        (550, "Requested action not taken (5.1.1)", ["5.1.1"]),
        (550, "no [5.1.1], 5.7.509; error=5.1.10", ["5.1.1", "5.7.509", "5.1.10"]),
        (550, "User unknown 5.1.1.", ["5.1.1"]),
        (450, "5.1.1 no", []),
        (None, "4.2.1 later", ["4.2.1"]),
        (550, "5.1.1.10", []),
        (550, "10.5.1.1", []),
        (550, "5.9.1 3.1.1 5.1.1000 5.1", []),
        (550, "MailGuard/5.1.1 Exim 5.1.1 version 5.1.1 v5.1.1 x-5.1.1", []),
        (550, "x@5.1.1 <5.1.1@acme.example> https://5.1.1/5.1.1", []),
    ],
)
def test_where_enhanced_codes_stand(code: int | None, text: str, codes: list[str]) -> None:
    assert codes_in(code, text) == codes


def test_the_code_that_tells_the_most() -> None:
    assert most_telling(["5.0.0", "5.1.1", "5.7.1"]) == "5.1.1"
    assert most_telling(["5.0.0"]) == "5.0.0"
    assert most_telling([]) is None


def test_a_report_and_the_server_that_it_quotes_must_agree() -> None:
    assert refusal_about(550, "5.1.1 User unknown", ["5.1.1"]) is About.MAILBOX
    assert refusal_about(550, "User unknown", ["5.0.0"]) is About.MAILBOX
    assert refusal_about(None, "", ["5.1.1"]) is About.MAILBOX
    assert refusal_about(550, "5.1.1 User unknown", ["5.7.1"]) is About.MESSAGE
    assert refusal_about(550, "5.7.1 no", ["5.1.1"]) is About.MESSAGE
    assert refusal_about(550, "relay denied", ["5.1.1"]) is About.MESSAGE
    assert refusal_about(450, "mailbox busy", ["5.1.1"]) is About.MESSAGE
    assert refusal_about(None, "", ["4.1.1"]) is About.MESSAGE


def test_no_more_than_so_much_of_a_reply_is_read() -> None:
    assert refusal_about(550, "x " * MAX_READ + "User unknown") is About.MESSAGE


def test_the_examples_in_the_docs_are_read_as_they_say() -> None:
    rows = ROW.findall(DOCS.read_text(encoding="utf-8"))
    assert {about for _, about in rows} == set(About)
    assert {reply: refusal_about(*code_and_words(reply)).value for reply, _ in rows} == dict(rows)


def test_control_a_reading_by_the_code_alone_gets_many_wrong() -> None:
    def by_code(code: int, words: str) -> bool:
        status = codes_in(code, words)[:1] if words[:1] == "5" else []
        return status[0] in ("5.1.1", "5.2.1") if status else code in (550, 551, 553)

    wrong = {reply for reply, about in EXPECTED.items() if by_code(*code_and_words(reply)) != (about is About.MAILBOX)}
    assert "550 relay not permitted" in wrong
    assert wrong & {*AGAINST_US}


TOO_LARGE = [
    "552 5.3.4 Message size exceeds fixed limit",
    "552-5.3.4 Your message exceeded Google's message size limits",
    "552 Message size exceeds maximum permitted",
    "552 max message size exceeded",
    "552 #5.3.4 message header size exceeds limit",
    "554 5.2.3 Message length exceeds administrative limit",
    "550 5.3.4 ROUTING.SizeLimit; message size exceeds fixed maximum size for route",
    "554 message too large",
    "552 5.0.0 Le message est trop volumineux, message trop volumineux",
]
OF_OTHER_THINGS = [
    "552 5.2.2 Mailbox full",
    "552 Requested mail action aborted: exceeded storage allocation",
    "552 5.7.0 This message was blocked because its content presents a security issue",
    "550 5.1.1 User unknown",
    "554 5.7.1 message too large a risk",
    "550 spam",
    "421 4.3.4 message too large",
]


@pytest.mark.parametrize("reply", TOO_LARGE)
def test_what_says_that_a_message_is_too_large(reply: str) -> None:
    assert says_too_large(*code_and_words(reply))


@pytest.mark.parametrize("reply", OF_OTHER_THINGS)
def test_what_does_not(reply: str) -> None:
    assert not says_too_large(*code_and_words(reply))
