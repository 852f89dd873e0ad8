"""Who may open which page and send which form: every route by nobody and by each role; forged forms, sessions."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from litestar import Router, get
from msgspec.structs import replace

from adapters.web.client_rates import Limit, Limiting
from adapters.web.console.answers import Page
from adapters.web.console.origins import safe_return
from adapters.web.console.routing import Open, Screen, UnguardedRouteError, router, sealed
from adapters.web.opt_out_pages import language_for
from console.people.invitations import Invitation
from console.people.journal import Action, Search
from console.people.roles import ALLOWED, Permission, Role
from console.people.secrets import digest_of
from console.people.sessions import Limits
from tests.support.console.served import PASSWORD, Served, form_token, parts, screens_of, served
from tests.support.sender.fakes import FakeClock

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OPEN_TO_ALL = {
    ("GET", "/console/sign-in"),
    ("POST", "/console/sign-in"),
    ("GET", "/console/invited/x"),
    ("POST", "/console/invited/x"),
    ("GET", "/console/static/x"),
}
"""Written out, so that one more is a decision."""


def clock_of(world: Served) -> FakeClock:
    assert isinstance(world.clock, FakeClock)
    return world.clock


def ask(world: Served, browser: httpx.Client, method: str, path: str) -> httpx.Response:
    return browser.get(path) if method == "GET" else world.post(browser, path)


def test_every_route_says_who_may_open_it(world: Served) -> None:
    routes = screens_of(world.part)
    assert len(routes) > 10
    assert all(isinstance(needs, Permission | Open) for _, _, needs in routes)
    assert {(method, path) for method, path, needs in routes if needs is Open.TO_ALL} == OPEN_TO_ALL


def test_a_route_that_does_not_say_so_cannot_be_registered() -> None:
    async def answered(*_: object) -> None: ...

    screen = Screen("/x", None, lambda _: Page("home.html"))  # type: ignore[arg-type]
    with pytest.raises(UnguardedRouteError, match="/x"):
        router([screen], answered, Limiting(Limit()))  # type: ignore[arg-type]

    @get("/y")
    async def bare() -> None: ...

    with pytest.raises(UnguardedRouteError, match="/y"):
        sealed(Router("/console", route_handlers=[bare]))


def test_without_a_session_every_other_route_leads_to_signing_in(world: Served) -> None:
    browser = world.browser()
    for method, path, needs in screens_of(world.part):
        answer = ask(world, browser, method, path)
        if needs is Open.TO_ALL:
            assert answer.status_code in (200, 404, 422), (method, path)
        else:
            assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/console/sign-in")


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_opens_what_the_table_allows_and_nothing_else(world: Served, role: Role | None) -> None:
    roles = () if role is None else (role,)
    for method, path, needs in screens_of(world.part):
        if isinstance(needs, Open):
            continue
        assert isinstance(needs, Permission)
        browser = world.signed_in(*roles, name="someone")
        answer = ask(world, browser, method, path)
        allowed = role is not None and needs in ALLOWED[role]
        assert (answer.status_code != 403) == allowed, (method, path, answer.status_code)


def test_the_table_is_as_it_was_decided() -> None:
    reading = {Permission.SEE_OVERVIEW, Permission.SEE_TICKETS}
    assert {role: set(allowed) for role, allowed in ALLOWED.items()} == {
        Role.READER: reading,
        Role.AGENT: reading | {Permission.SEE_MESSAGES},
        Role.OPERATOR: reading | {Permission.SEE_MESSAGES, Permission.ACT_ON_MESSAGES},
        Role.MANAGER: reading | {Permission.SEE_MESSAGES, Permission.CHANGE_ALERTS},
        Role.ADMIN: set(Permission),
    }


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "BASE"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
        {"Referer": "BASE/console/me"},
    ],
    ids=str,
)
def test_a_form_of_another_site_does_nothing(world: Served, sent: dict[str, str]) -> None:
    headers = {name: value.replace("BASE", world.base) for name, value in sent.items()}
    browser = world.signed_in(Role.ADMIN)
    token = form_token(browser)
    for path in ("/console/sign-out", "/console/me/preferences", "/console/sign-in", "/console/invited/x"):
        answer = browser.post(path, data={"form": token, "name": "admin", "password": PASSWORD}, headers=headers)
        assert answer.status_code == 403, path
        assert "Set-Cookie" not in answer.headers
    assert browser.get("/console/me").status_code == 200
    # The control: the same form from our own page.
    assert world.post(browser, "/console/sign-out").status_code == 303
    assert browser.get("/console/me").status_code == 303


def test_a_form_without_the_sessions_own_token_does_nothing(world: Served) -> None:
    mine, other = world.signed_in(Role.ADMIN), world.signed_in(Role.READER)
    for token in ("", "x", form_token(other) or "", "é"):
        answer = world.post(mine, "/console/sign-out", {"form": token})
        assert answer.status_code == 403
        assert "too old" in answer.text
    assert mine.get("/console/me").status_code == 200


def test_signing_in_gives_a_new_session_and_ends_the_one_before(world: Served) -> None:
    world.add("ada", Role.ADMIN)
    browser = world.browser()
    browser.cookies.set("tocsin_console", "of-the-attackers-choice", domain="127.0.0.1")
    assert world.sign_in(browser, "ada").status_code == 303
    first = browser.cookies["tocsin_console"]
    assert first != "of-the-attackers-choice"
    assert len(first) >= 43
    assert world.sign_in(browser, "ada").status_code == 303
    second = browser.cookies["tocsin_console"]
    thief = world.browser(Cookie=f"tocsin_console={first}")
    assert thief.get("/console/me").status_code == 303
    assert second != first
    assert len(world.people.sessions("ada")) == 1


def test_what_is_kept_of_a_session_opens_nothing(world: Served) -> None:
    world.signed_in(Role.ADMIN)
    [session] = world.people.sessions("admin")
    assert world.browser(Cookie=f"tocsin_console={session.digest}").get("/console/me").status_code == 303


def test_a_session_ends_when_it_is_unused_or_old() -> None:
    clock = FakeClock()
    limits = Limits(idle=HOUR, whole=HOUR * 3)
    with served(parts(limits=limits, clock=clock)) as world:
        unused, used = world.signed_in(Role.ADMIN), world.signed_in(Role.READER)
        for _ in range(4):
            clock.advance(MINUTE * 40)
            assert used.get("/console/me").status_code == 200
        assert unused.get("/console/me").status_code == 303
        clock.advance(MINUTE * 19)
        assert used.get("/console/me").status_code == 200
        clock.advance(MINUTE * 2)
        assert used.get("/console/me").status_code == 303
        assert world.people.sessions("reader") == []


def test_a_clock_that_is_set_back_ends_sessions(world: Served) -> None:
    browser = world.signed_in(Role.ADMIN)
    clock_of(world).advance(-HOUR)
    assert browser.get("/console/me").status_code == 303


def test_signing_out_here_and_everywhere(world: Served) -> None:
    one, two, other = world.signed_in(Role.ADMIN), world.signed_in(Role.ADMIN), world.signed_in(Role.READER)
    answer = world.post(one, "/console/sign-out")
    assert 'tocsin_console=""' in answer.headers["Set-Cookie"] or "Max-Age=0" in answer.headers["Set-Cookie"]
    assert [browser.get("/console/me").status_code for browser in (one, two)] == [303, 200]
    three = world.signed_in(Role.ADMIN)
    world.post(two, "/console/sign-out-everywhere")
    assert [browser.get("/console/me").status_code for browser in (two, three, other)] == [303, 303, 200]


def test_whoever_is_disabled_is_out_at_once(world: Served) -> None:
    browser = world.signed_in(Role.ADMIN)
    account = world.people.account("admin")
    assert account is not None
    world.people.put_account(replace(account, disabled=True))
    assert browser.get("/console/me").status_code == 303
    assert world.sign_in(browser, "admin").status_code == 422


@pytest.mark.parametrize(
    "back",
    [
        *("//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)"),
        *("/console/../u/x", "/consolex", "/console/\r\nSet-Cookie: a=b", "/console//\t/evil", "/u/token", ""),
        "/console/" + "x" * 3_000,
    ],
)
def test_signing_in_leads_to_no_other_site(world: Served, back: str) -> None:
    world.add("ada", Role.ADMIN)
    answer = world.sign_in(world.browser(), "ada", back=back)
    assert answer.headers["Location"] == "/console"
    asked = world.browser().get("/console/sign-in", params={"next": back})
    assert 'name="next" value="/console"' in asked.text


def test_signing_in_leads_back_to_the_page_that_was_asked_for(world: Served) -> None:
    world.add("ada", Role.ADMIN)
    browser = world.browser()
    asked = browser.get("/console/me?a=1&b=%C3%A9")
    page = browser.get(asked.headers["Location"])
    back = re.search(r'name="next" value="([^"]*)"', page.text)
    assert back is not None
    assert back[1].replace("&amp;", "&") == "/console/me?a=1&b=%C3%A9"
    assert world.sign_in(browser, "ada", back="/console/me?a=1").headers["Location"] == "/console/me?a=1"
    assert safe_return("/console?x") == "/console?x"


def test_nobody_learns_who_has_an_account(world: Served) -> None:
    world.add("ada", Role.ADMIN)
    world.people.add_account(world.add("eve", Role.ADMIN), world.clock.now())
    said = set()
    for name in ("ada", "nobody", "", "?", "x" * 200, "a\0b"):
        answer = world.sign_in(world.browser(), name, "a wrong password")
        assert answer.status_code == 422
        said.add(re.sub(r'name="name" value="[^"]*"', "", answer.text))
    assert len(said) == 1
    # Nor does the journal keep what is no name: it may be a password.
    noted = world.people.entries(Search(action=Action.SIGN_IN_REFUSED), 10)
    assert [kept.entry.who for kept in noted] == ["?"] * 5 + ["ada"]


def test_too_many_tries_wait_whoever_it_is(world: Served) -> None:
    world.add("ada", Role.ADMIN)
    for name in ("ada", "nobody"):
        tries = [world.sign_in(world.browser(**{"X-Forwarded-For": "198.51.100.1"}), name, "wrong") for _ in range(7)]
        assert [one.status_code for one in tries] == [422] * 5 + [429] * 2
    # The right password waits too, and comes in afterwards.
    assert world.sign_in(world.browser(), "ada").status_code == 429
    clock_of(world).advance(timedelta(seconds=2))
    assert world.sign_in(world.browser(), "ada").status_code == 303


def test_the_first_link_signs_one_person_in_once(world: Served) -> None:
    world.people.invite(Invitation(digest_of("the secret"), None, world.clock.now() + HOUR), 5)
    link, browser = "/console/invited/the secret", world.browser()
    for _ in range(3):
        assert browser.get(link).status_code == 200
    for name, password in (("ada", "short"), ("", PASSWORD), ("<b>", PASSWORD), ("ada", "aaaaaaaaaaaaaaa")):
        answer = world.post(browser, link, {"name": name, "password": password})
        assert (answer.status_code, world.people.accounts()) == (422, [])
    answer = world.post(browser, link, {"name": " Ada ", "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")
    [listed] = world.people.accounts()
    assert (listed.account.name, set(listed.account.roles)) == ("ada", {Role.ADMIN})
    assert browser.get("/console").status_code == 200
    assert world.browser().get(link).status_code == 404
    assert world.post(world.browser(), link, {"name": "eve", "password": PASSWORD}).status_code == 404


def test_a_link_is_over_after_its_time(world: Served) -> None:
    world.people.invite(Invitation(digest_of("the secret"), None, world.clock.now() + HOUR), 5)
    clock_of(world).advance(HOUR)
    assert world.browser().get("/console/invited/the secret").status_code == 404
    answer = world.post(world.browser(), "/console/invited/the secret", {"name": "ada", "password": PASSWORD})
    assert (answer.status_code, world.people.accounts()) == (404, [])


def test_another_password_signs_out_everywhere_else(world: Served) -> None:
    mine, elsewhere = world.signed_in(Role.AGENT), world.signed_in(Role.AGENT)
    wrong = world.post(mine, "/console/me/password", {"present": "wrong", "password": "another long password"})
    assert (wrong.status_code, mine.get("/console/me").status_code) == (422, 200)
    weak = world.post(mine, "/console/me/password", {"present": PASSWORD, "password": "short"})
    assert weak.status_code == 422
    done = world.post(mine, "/console/me/password", {"present": PASSWORD, "password": "another long password"})
    assert done.status_code == 303
    assert [one.get("/console/me").status_code for one in (mine, elsewhere)] == [200, 303]
    assert world.sign_in(world.browser(), "agent").status_code == 422
    assert world.sign_in(world.browser(), "agent", "another long password").status_code == 303


def test_over_https_the_cookie_is_the_hosts_own() -> None:
    with served(parts(url="https://tocsin.desk.example")) as world:
        world.add("ada", Role.ADMIN)
        form = {"name": "ada", "password": PASSWORD}
        ours = {"Origin": "https://tocsin.desk.example"}
        answer = world.browser().post("/console/sign-in", data=form, headers=ours)
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-tocsin=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert "max-age" not in cookie.lower()
        refused = world.browser().post("/console/sign-in", data=form, headers={"Origin": world.base})
        assert refused.status_code == 403


def test_over_plain_http_no_script_reads_the_cookie(world: Served) -> None:
    world.add("ada", Role.ADMIN)
    cookie = world.sign_in(world.browser(), "ada").headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))


def test_every_answer_is_framed_by_nobody_and_runs_nothing_of_others(world: Served) -> None:
    browser = world.signed_in(Role.ADMIN)
    for path in ("/console", "/console/me", "/console/sign-in", "/console/nope", "/console/static/x", "/console/a/b"):
        answer = browser.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", answer.text)


@pytest.mark.parametrize(
    "body",
    [b"%ff%fe", b"\xff", b"&" * 5_000, b"a=b&" * 700, b"form=" + b"x" * 300_000],
    ids=["percent", "bytes", "ampersands", "many", "large"],
)
def test_rubbish_in_a_form_is_refused_and_does_nothing(world: Served, body: bytes) -> None:
    browser = world.signed_in(Role.ADMIN)
    headers = {"Origin": world.base, "Content-Type": "application/x-www-form-urlencoded"}
    answer = browser.post("/console/sign-out", content=body, headers=headers)
    assert answer.status_code in (400, 403, 413)
    assert browser.get("/console/me").status_code == 200


def test_language_and_zone_are_the_persons_own(world: Served) -> None:
    browser = world.signed_in(Role.READER)
    world.post(browser, "/console/me/preferences", {"language": "fr", "zone": "Europe/Paris"})
    page = browser.get("/console/me").text
    assert '<html lang="fr">' in page
    assert "Heures de Europe/Paris" in page
    assert "2 mars, 10:00" in page
    wrong = world.post(browser, "/console/me/preferences", {"language": "fr", "zone": "Europe/<b>"})
    assert wrong.status_code == 422
    world.post(browser, "/console/me/preferences", {"language": "xx", "zone": ""})
    assert '<html lang="en">' in browser.get("/console/me").text
    assert language_for("", "de, fr;q=0.5") == "fr"


def test_what_a_browser_says_of_itself_is_text(world: Served) -> None:
    world.add("ada", Role.ADMIN)
    browser = world.browser(**{"User-Agent": "<script>alert(1)</script>"})
    world.sign_in(browser, "ada")
    page = browser.get("/console/me").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    echoed = world.sign_in(world.browser(), '"><script>alert(1)</script>', "wrong").text
    assert "<script>alert" not in echoed
