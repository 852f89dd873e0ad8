"""Whether a post is believed: each scheme by its helpdesk's own way of signing, written here once more."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given
from hypothesis import strategies as st

from intake.post import Post
from intake.signatures.challenge import answer
from intake.signatures.verifying import Doubt, Verifier
from schemas.signature import HAS_TIME, Scheme, Signature

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
BODY = '{"ticket": {"title": "Rien ne va plus: été"}}'.encode()
SECRET, OLDER, FOREIGN = "the-secret-of-this-helpdesk", "the-secret-before-it", "somebody-elses-secret"


def digest(secret: bytes, content: bytes, algorithm: hashes.HashAlgorithm | None = None) -> bytes:
    """An HMAC by another library than the code's."""
    made = HMAC(secret, algorithm or hashes.SHA256())
    made.update(content)
    return made.finalize()


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def hub(secret: str, body: bytes, _at: datetime) -> dict[str, str]:
    return {"x-hub-signature": f"sha256={digest(secret.encode(), body).hex()}"}


def hub_sha1(secret: str, body: bytes, _at: datetime) -> dict[str, str]:
    return {"x-hub-signature": f"sha1={digest(secret.encode(), body, hashes.SHA1()).hex()}"}  # noqa: S303 - Zammad's


def glpi(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    time = str(int(at.timestamp()))
    return {"x-glpi-timestamp": time, "x-glpi-signature": digest(secret.encode(), body + time.encode()).hex()}


def zendesk(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    time = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    signed = b64(digest(secret.encode(), time.encode() + body))
    return {"x-zendesk-webhook-signature-timestamp": time, "x-zendesk-webhook-signature": signed}


def freescout(secret: str, body: bytes, _at: datetime) -> dict[str, str]:
    return {"x-freescout-signature": b64(digest(secret.encode(), body, hashes.SHA1()))}  # noqa: S303 - FreeScout's


def standard(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    time = str(int(at.timestamp()))
    signed = b64(digest(secret.encode(), f"msg_1.{time}.".encode() + body))
    return {"webhook-id": "msg_1", "webhook-timestamp": time, "webhook-signature": f"v1,{signed}"}


def bearer(secret: str, _body: bytes, _at: datetime) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def basic(secret: str, _body: bytes, _at: datetime) -> dict[str, str]:
    return {"authorization": f"Basic {b64(secret.encode())}"}


def header(secret: str, _body: bytes, _at: datetime) -> dict[str, str]:
    return {"x-token": secret}


Signer = Callable[[str, bytes, datetime], Mapping[str, str]]

SIGNERS: list[tuple[Signature, Signer]] = [
    (Signature(Scheme.HUB), hub),
    (Signature(Scheme.HUB), hub_sha1),
    (Signature(Scheme.GLPI), glpi),
    (Signature(Scheme.ZENDESK), zendesk),
    (Signature(Scheme.FREESCOUT), freescout),
    (Signature(Scheme.STANDARD_WEBHOOKS), standard),
    (Signature(Scheme.BEARER), bearer),
    (Signature(Scheme.BASIC), basic),
    (Signature(Scheme.HEADER, header="X-Token"), header),
]
every_scheme = pytest.mark.parametrize(("signature", "sign"), SIGNERS, ids=lambda one: getattr(one, "__name__", ""))
schemes_that_sign = pytest.mark.parametrize(
    ("signature", "sign"), SIGNERS[:6], ids=lambda one: getattr(one, "__name__", "")
)


def post(headers: Mapping[str, str], body: bytes = BODY, received: datetime = NOW) -> Post:
    return Post(body, headers, received)


@every_scheme
def test_what_the_helpdesk_signed_is_believed(signature: Signature, sign: Signer) -> None:
    assert Verifier(signature, [SECRET]).doubt(post(sign(SECRET, BODY, NOW))) is None


@every_scheme
def test_what_somebody_else_signed_is_not(signature: Signature, sign: Signer) -> None:
    assert Verifier(signature, [SECRET]).doubt(post(sign(FOREIGN, BODY, NOW))) is Doubt.WRONG_SIGNATURE


@every_scheme
def test_while_secrets_are_changed_both_hold(signature: Signature, sign: Signer) -> None:
    verifier = Verifier(signature, [SECRET, OLDER])
    assert [verifier.doubt(post(sign(one, BODY, NOW))) for one in (SECRET, OLDER)] == [None, None]
    assert verifier.doubt(post(sign(FOREIGN, BODY, NOW))) is Doubt.WRONG_SIGNATURE


@schemes_that_sign
def test_a_changed_body_is_not_believed(signature: Signature, sign: Signer) -> None:
    changed = BODY.replace(b"plus", b"Plus")
    assert Verifier(signature, [SECRET]).doubt(post(sign(SECRET, BODY, NOW), changed)) is Doubt.WRONG_SIGNATURE


@every_scheme
def test_each_header_of_a_scheme_is_needed(signature: Signature, sign: Signer) -> None:
    headers = sign(SECRET, BODY, NOW)
    for name in headers:
        rest = {other: value for other, value in headers.items() if other != name}
        assert Verifier(signature, [SECRET]).doubt(post(rest)) is Doubt.NO_SIGNATURE


@every_scheme
def test_the_time_of_a_replay_tells_where_a_time_is_signed(signature: Signature, sign: Signer) -> None:
    later = post(sign(SECRET, BODY, NOW), received=NOW + timedelta(days=8))
    doubt = Verifier(signature, [SECRET]).doubt(later)
    assert doubt is (Doubt.TOO_OLD if signature.scheme in HAS_TIME else None)


@pytest.mark.parametrize("sign", [glpi, zendesk, standard])
def test_a_time_that_was_changed_is_not_believed(sign: Signer) -> None:
    signature = next(one for one, other in SIGNERS if other is sign)
    of_then, of_now = sign(SECRET, BODY, NOW - timedelta(days=8)), sign(FOREIGN, BODY, NOW)
    name = next(one for one in of_now if one.endswith("timestamp"))
    assert Verifier(signature, [SECRET]).doubt(post({**of_then, name: of_now[name]})) is Doubt.WRONG_SIGNATURE


@pytest.mark.parametrize(("sign", "window"), [(glpi, 3 * 24 * 60), (zendesk, 5), (standard, 5)])
def test_how_old_a_post_may_be(sign: Signer, window: int) -> None:
    signature = next(one for one, other in SIGNERS if other is sign)
    verifier = Verifier(signature, [SECRET])
    assert verifier.doubt(post(sign(SECRET, BODY, NOW - timedelta(minutes=window)))) is None
    assert verifier.doubt(post(sign(SECRET, BODY, NOW - timedelta(minutes=window, seconds=1)))) is Doubt.TOO_OLD
    assert verifier.doubt(post(sign(SECRET, BODY, NOW + timedelta(minutes=5)))) is None
    assert verifier.doubt(post(sign(SECRET, BODY, NOW + timedelta(minutes=5, seconds=1)))) is Doubt.AHEAD


def test_a_window_of_ones_own() -> None:
    verifier = Verifier(Signature(Scheme.GLPI, window_minutes=1), [SECRET])
    assert verifier.doubt(post(glpi(SECRET, BODY, NOW - timedelta(minutes=2)))) is Doubt.TOO_OLD


@pytest.mark.parametrize("time", ["", "soon", "1 772 442 900", "١٧٧٢٤٤٢٩٠٠", "9" * 5_000, "-5", "1e9"])
def test_a_signed_time_that_is_none(time: str) -> None:
    content = BODY + time.encode("latin-1", "replace")
    headers = {"x-glpi-timestamp": time, "x-glpi-signature": digest(SECRET.encode(), content).hex()}
    assert Verifier(Signature(Scheme.GLPI), [SECRET]).doubt(post(headers)) is Doubt.NO_TIME


def test_a_key_of_standard_webhooks_is_base64_and_of_several_signatures_one_is_enough() -> None:
    key = b"\x00\x01\xfe and other bytes"
    headers = dict(standard("", BODY, NOW))
    time = headers["webhook-timestamp"]
    headers["webhook-signature"] = " ".join(
        ["v2,aaaa", f"v1,{b64(b'x' * 32)}", f"v1,{b64(digest(key, f'msg_1.{time}.'.encode() + BODY))}"]
    )
    assert Verifier(Signature(Scheme.STANDARD_WEBHOOKS), [f"whsec_{b64(key)}"]).doubt(post(headers)) is None


def test_the_published_example_of_a_hub_signature() -> None:
    said = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    verifier = Verifier(Signature(Scheme.HUB), ["It's a Secret to Everybody"])
    assert verifier.doubt(post({"x-hub-signature": said}, b"Hello, World!")) is None


@pytest.mark.parametrize("said", ["md5=" + "0" * 32, "sha256=", "sha256=xyz", "sha512=" + "0" * 128, "ü", ""])
def test_no_other_method_is_taken(said: str) -> None:
    assert Verifier(Signature(Scheme.HUB), [SECRET]).doubt(post({"x-hub-signature": said})) is Doubt.WRONG_SIGNATURE


@pytest.mark.parametrize("said", [f"bearer {SECRET}", f"BEARER  {SECRET}"])
def test_the_name_of_an_authentication_scheme_has_no_case(said: str) -> None:
    assert Verifier(Signature(Scheme.BEARER), [SECRET]).doubt(post({"authorization": said})) is None


@pytest.mark.parametrize("said", [SECRET, f"Basic {SECRET}", f"Bearer {SECRET.upper()}", f"Bearer {SECRET} "])
def test_a_token_is_the_whole_of_it(said: str) -> None:
    doubt = Verifier(Signature(Scheme.BEARER), [SECRET]).doubt(post({"authorization": said}))
    assert doubt is Doubt.WRONG_SIGNATURE


def test_a_secret_in_other_letters_comes_as_its_bytes() -> None:
    secret = "clé-à-molette"
    sent = secret.encode().decode("latin-1")
    assert Verifier(Signature(Scheme.HEADER, header="X-Token"), [secret]).doubt(post({"x-token": sent})) is None


def test_what_the_server_in_front_verified_counts_only_from_there() -> None:
    verifier = Verifier(Signature(Scheme.PROXY, header="X-SSL-Client-Verify"))
    headers = {"x-ssl-client-verify": "SUCCESS"}
    assert verifier.doubt(Post(BODY, headers, NOW, through_proxy=True)) is None
    assert verifier.doubt(Post(BODY, headers, NOW)) is Doubt.NOT_THROUGH_PROXY
    assert verifier.doubt(Post(BODY, {}, NOW, through_proxy=True)) is Doubt.NO_SIGNATURE
    said = {"x-ssl-client-verify": "FAILED:expired"}
    assert verifier.doubt(Post(BODY, said, NOW, through_proxy=True)) is Doubt.WRONG_SIGNATURE


def test_nothing_is_checked_where_that_is_said() -> None:
    assert Verifier(Signature(Scheme.NONE)).doubt(post({})) is None


@pytest.mark.parametrize("scheme", [one for one in Scheme if one not in {Scheme.NONE, Scheme.PROXY}])
@pytest.mark.parametrize("secrets", [[], [""]], ids=["none", "empty"])
def test_a_scheme_without_a_secret_is_refused(scheme: Scheme, secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        Verifier(Signature(scheme, header="X-Token"), secrets)


@pytest.mark.parametrize("scheme", [Scheme.HEADER, Scheme.PROXY])
def test_a_scheme_that_needs_a_header_says_so(scheme: Scheme) -> None:
    with pytest.raises(ValueError, match="needs `header`"):
        Verifier(Signature(scheme), [SECRET])


words = st.text(st.characters(max_codepoint=255), max_size=80)


@given(st.sampled_from(SIGNERS), st.lists(words, min_size=3, max_size=3), st.binary(max_size=50))
def test_nothing_made_up_is_believed_and_nothing_fails(
    signer: tuple[Signature, Signer], values: list[str], body: bytes
) -> None:
    signature, sign = signer
    headers = dict(zip(sign(FOREIGN, body, NOW), values, strict=False))
    assert Verifier(signature, [SECRET]).doubt(post(headers, body)) is not None


TOKEN = digest(SECRET.encode(), b"validate_cra_challenge").hex()


@pytest.mark.parametrize("secrets", [[SECRET], [OLDER, SECRET], [SECRET, OLDER]], ids=["one", "second", "first"])
def test_the_challenge_is_answered_by_the_secret_that_asks(secrets: list[str]) -> None:
    expected = digest(SECRET.encode(), TOKEN.encode()).hex()
    assert answer(Signature(Scheme.GLPI), secrets, {"crc_token": TOKEN}) == expected


def test_a_challenge_signs_no_post() -> None:
    time = str(int(NOW.timestamp()))
    forged = (BODY + time.encode()).decode()
    assert answer(Signature(Scheme.GLPI), [SECRET], {"crc_token": forged}) is None


@pytest.mark.parametrize("query", [{}, {"crc_token": ""}, {"crc_token": TOKEN + "0"}, {"crc_token": TOKEN.upper()}])
def test_what_is_no_challenge_gets_no_answer(query: dict[str, str]) -> None:
    assert answer(Signature(Scheme.GLPI), [SECRET], query) is None


def test_other_schemes_know_no_challenge() -> None:
    assert answer(Signature(Scheme.HUB), [SECRET], {"crc_token": TOKEN}) is None
