"""One message for each person and save, and for each mailbox."""

from __future__ import annotations

from tests.support.helpdesk.events import Helpdesk, alerted, email, fax, people, saved, skipped

CREATED_RESOLVED = saved(None, {"resolution_marked": True})


def test_one_mailbox_in_two_spellings_is_one_message() -> None:
    desk = Helpdesk()
    desk.contact("ct-2", "contract/C-7", modes=[email("Zoe@ACME.example")])
    desk.contact("ct-1", "product/P-erp", modes=[email("zoe@acme.EXAMPLE")])
    decision = desk.decide(saved(None))
    assert alerted(decision) == {("contact/ct-1", "zoe@acme.EXAMPLE", "opened")}
    assert [list(job.categories) for job in decision.jobs] == [["product.contacts", "contract.contacts"]]
    assert skipped(decision) == set()


def test_the_more_telling_trigger_comes_first_for_a_shared_mailbox() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", modes=[email("z@acme.example")], alerts=["opened"])
    desk.contact("ct-2", "contract/C-7", modes=[email("z@acme.example")], alerts=["resolved"])
    assert alerted(desk.decide(CREATED_RESOLVED)) == {("contact/ct-2", "z@acme.example", "resolved")}


def test_the_smaller_id_as_text_comes_first() -> None:
    desk = Helpdesk()
    for person in ("ct-9", "ct-10"):
        desk.contact(person, "contract/C-7", modes=[email("z@acme.example")])
    assert people(desk.decide(saved(None))) == {"ct-10"}


def test_a_contact_comes_before_a_collaborator_even_with_a_less_telling_trigger() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", modes=[email("z@acme.example")], alerts=["opened"])
    desk.collaborator("co-1", "contract/C-7", modes=[email("Z@acme.example")])
    decision = desk.decide(CREATED_RESOLVED)
    assert alerted(decision) == {("contact/ct-1", "z@acme.example", "opened")}
    assert [list(job.categories) for job in decision.jobs] == [["contract.contacts"]]
    assert skipped(decision) == {("co-1", "contract.collaborators", "same_mailbox")}


def test_a_collaborator_with_another_address_still_gets_theirs() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", modes=[email("z@acme.example")])
    desk.collaborator("co-1", "contract/C-7", modes=[email("z@acme.example"), email("co@desk.example")])
    decision = desk.decide(saved(None))
    assert {address for _, address, _ in alerted(decision)} == {"z@acme.example", "co@desk.example"}
    assert skipped(decision) == set()


def test_the_same_text_on_two_channels_is_two_messages() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", modes=[fax("+33140000001")])
    desk.contact("ct-2", "contract/C-7", modes=[fax("+33140000001"), email("z@acme.example")])
    decision = desk.decide(saved(None))
    assert {(job.channel.value, job.person.id) for job in decision.jobs} == {("fax", "ct-1"), ("email", "ct-2")}


def test_a_person_who_lists_one_mailbox_twice_gets_one_message_as_first_written() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", modes=[email("Zoe@acme.example"), email("zoe@acme.example")])
    assert alerted(desk.decide(saved(None))) == {("contact/ct-1", "Zoe@acme.example", "opened")}


def test_the_address_of_the_next_event_is_the_new_one() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", modes=[email("old@acme.example")])
    decided = desk.decide(saved(None)).jobs[0]
    desk.contact("ct-1", modes=[email("new@acme.example")])
    assert decided.address == "old@acme.example"
    assert people(desk.decide(saved({"status": "new"}))) == {"ct-1"}
    assert desk.decide(saved({"status": "new"})).jobs[0].address == "new@acme.example"
