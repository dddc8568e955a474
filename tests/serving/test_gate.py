"""Who may ask: no page of another place, under whatever name, and nobody without the token."""

from email.message import Message

import pytest

from srcore.serving.gate import Gate, is_loopback

TOKEN = "t" * 32


def refusal(method="GET", token=TOKEN, host="127.0.0.1", query="", **headers):
    message = Message()
    given = {"Host": "127.0.0.1:8765", "Authorization": f"Bearer {token}", **headers}
    for name, values in given.items():
        for value in values if isinstance(values, list) else [values]:
            if value is not None:
                message[name.replace("_", "-")] = value
    refused = Gate(host, 8765, TOKEN).refusal(method, message, query)
    return 0 if refused is None else refused.status


@pytest.mark.parametrize("name", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST", "[::1]:9000"])
def test_names_of_this_machine_are_served(name):
    assert refusal(Host=name) == 0


@pytest.mark.parametrize(
    "name",
    [
        "evil.example", "evil.example:8765", "localhost.evil.example", "127.0.0.1.evil.example", "",
        "0.0.0.0:8765", "192.168.1.2:8765", "user@evil.example", "[::1", "localhost:x:y", None,
        ["127.0.0.1:8765", "evil.example"], ["127.0.0.1:8765", "127.0.0.1:8765"],
    ],
)  # fmt: skip
def test_names_that_were_made_to_lead_here_are_not(name):
    assert refusal(Host=name) == 421


def test_at_all_addresses_numbers_are_served_and_names_of_others_are_not():
    assert refusal(host="0.0.0.0", Host="192.168.1.2:8765") == 0
    assert refusal(host="box.example", Host="box.example:8765") == 0
    assert refusal(host="0.0.0.0", Host="evil.example:8765") == 421


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "null", "http://localhost:8765", "http://127.0.0.1:3000",
        "http://127.0.0.1", "file://", "http://[", "ftp://127.0.0.1:8765",
    ],
)  # fmt: skip
def test_pages_of_other_places_are_refused(origin):
    assert refusal("POST", Origin=origin) == 403
    assert refusal("GET", Origin=origin) == 403


def test_the_page_itself_may_ask():
    assert refusal("POST", Origin="http://127.0.0.1:8765", Sec_Fetch_Site="same-origin") == 0


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_only_a_link_may_come_from_elsewhere(site):
    link = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert refusal(**link) == 0
    assert refusal("POST", **link) == 403
    assert refusal(**{**link, "Sec_Fetch_Dest": "iframe"}) == 403
    assert refusal(Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="image") == 403


def test_the_token_is_in_the_address_a_header_or_a_cookie():
    assert refusal(Authorization=None) == 401
    assert refusal(token="t") == 401
    assert refusal(token="ü") == 401
    assert refusal(Authorization=f"Basic {TOKEN}") == 401
    assert refusal(Authorization=None, query=TOKEN) == 0
    assert refusal(Authorization=None, Cookie=f"a=b; srcore-8765={TOKEN}") == 0
    assert refusal(Authorization=None, Cookie=["a=b", f"srcore-8765={TOKEN}"]) == 0
    assert refusal(Authorization=None, Cookie=f"srcore-8766={TOKEN}") == 401
    assert refusal(Authorization=None, Cookie=[f"\0={TOKEN}", "=;;"]) == 401


def test_tokens_cannot_be_guessed_and_are_not_shown():
    first, second = Gate("127.0.0.1", 1), Gate("127.0.0.1", 1)
    assert first.token != second.token
    assert len(first.token) >= 32
    assert first.token not in repr(first)


def test_addresses_that_others_do_not_reach():
    assert all(map(is_loopback, ("127.0.0.1", "127.8.0.1", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.2", "box.example")))
