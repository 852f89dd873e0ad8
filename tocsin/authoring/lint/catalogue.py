"""Every code of a finding: what it means, what it looks like, what to do. docs/checking.md is written from this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from schemas.finding import FindingCode as Code


class Entry(Struct, frozen=True):
    """`example` is a piece of a file that has the finding; empty where nothing can be shown."""

    meaning: str
    example: str
    remedy: str


CATALOGUE: Final[Mapping[Code, Entry]] = {
    Code.UNREADABLE_FILE: Entry(
        "The file can't be opened, is no file, is larger than 1 MiB, is not UTF-8, unfolds into too much, or is "
        "a link out of its folder.",
        "",
        "See that the file is there and may be read; save it as UTF-8; split what is too large.",
    ),
    Code.YAML_SYNTAX: Entry(
        "The file is no YAML: nothing in it can be read until that is mended.",
        "rules: [",
        "Look at the place, and at the line before: brackets and quotes must be closed, lines indented with blanks.",
    ),
    Code.DUPLICATE_KEY: Entry(
        "A key stands twice in one mapping; only one of them could count.",
        "- rule: one\n  for: site.contacts\n  for: product.contacts",
        "Keep one of them.",
    ),
    Code.UNKNOWN_KEY: Entry(
        "There is no such key here.",
        '- rule: one\n  for: site.contacts\n  wen: ticket.priority == "high"',
        "Write the key that was meant; the page on rules lists them.",
    ),
    Code.MISSING_KEY: Entry(
        "A key that must be there is not.",
        "- rule: one\n  on: [opened]",
        "Add it.",
    ),
    Code.WRONG_VALUE: Entry(
        "A value that is not allowed here.",
        "- rule: one\n  for: sites.contacts",
        "Write one of the values that the message names.",
    ),
    Code.WRONG_SETTING: Entry(
        "A setting that means nothing, or does not agree with another one.",
        "settings: {language: de, languages: [en, fr]}",
        "Write what the message names.",
    ),
    Code.WRONG_CALENDAR: Entry(
        "The name, time zone, days, hours or a holiday of a calendar means nothing.",
        'calendars: {support: {time_zone: Europe/Paris, open: {mon-fri: "22:00-06:00"}}}',
        "Write what the message names; the page on rules shows a calendar.",
    ),
    Code.DUPLICATE_RULE: Entry(
        "Two rules of the file have one name.",
        "- {rule: one, for: site.contacts}\n- {rule: one, for: product.contacts}",
        "Rename one of them.",
    ),
    Code.UNKNOWN_RULE: Entry(
        "`instead_of` names a rule that is not there.",
        "- {rule: one, for: site.contacts, instead_of: site-contact}",
        "Write the name of a rule of this file, or of a default rule if the file extends the default one.",
    ),
    Code.INSTEAD_OF_LOOP: Entry(
        "Rules take each other's place in a circle, so that none of them would ever apply.",
        "- {rule: one, for: site.contacts, instead_of: two}\n- {rule: two, for: site.contacts, instead_of: one}",
        "Take `instead_of` out of one of them.",
    ),
    Code.INSTEAD_OF_OTHERS: Entry(
        "A rule takes the place of one that is for other people or other triggers: they can never match together.",
        "- {rule: one, for: site.contacts, instead_of: site-collaborators}",
        "Take `instead_of` out, or name a rule for the same people and a common trigger.",
    ),
    Code.ENGINE_LIMIT: Entry(
        "The conditions come to more than the rule engine can take.",
        "if: (… or …) and (… or …) and …    # nine such pairs",
        "Split the rule at an `or`, or use a list (`in`) in place of many rules that differ in one value.",
    ),
    Code.CONDITION_SYNTAX: Entry(
        "The condition can't be read.",
        'if: ticket.priority = "high"',
        "Write comparisons as the page on rules shows them, joined by and, or, not.",
    ),
    Code.UNKNOWN_FIELD: Entry(
        "There is no field of this name in conditions.",
        'if: ticket.prioritty == "high"',
        "Write a field of the page on condition fields.",
    ),
    Code.UNKNOWN_CALENDAR: Entry(
        "A condition names a calendar that the rule file does not have.",
        "if: time not in suport",
        "Write the name of one under `calendars:`, or add it there.",
    ),
    Code.UNDECLARED_FIELD: Entry(
        "A condition or a template names a custom field that the rule file does not declare.",
        "if: ticket.custom.severity >= 3",
        "Add it, with its type, under `settings: fields:`.",
    ),
    Code.FIELD_OF_OTHERS: Entry(
        "Only contacts have this field, and the rule is for collaborators (or the reverse).",
        '- {rule: one, for: site.collaborators, if: person.customer == "acme"}',
        "Compare another field, or make the rule one for the people who have it.",
    ),
    Code.WRONG_TYPE: Entry(
        "A field is compared with a value of another type, or by order where it has none: that never holds.",
        "if: ticket.priority > 2",
        "Write text in quotes, numbers and true or false without; use == or in for text.",
    ),
    Code.IMPOSSIBLE_VALUE: Entry(
        "The field never has this value in this rule.",
        'if: event.origin == "import"',
        "Write a value that it can have. Saves of some origins never alert anybody, whatever the rules say.",
    ),
    Code.COMPARED_WITH_ITSELF: Entry(
        "A field is compared with itself: that never holds, or says no more than that there is a value.",
        "if: ticket.customer == ticket.customer",
        "Name the field that was meant.",
    ),
    Code.NEVER_HOLDS: Entry(
        "The whole condition can never hold, whatever ticket comes: the rule never matches.",
        'if: ticket.priority == "high" and ticket.priority == "critical"',
        'Most often `or`, or a list, was meant: `ticket.priority in ("high", "critical")`.',
    ),
    Code.ALWAYS_HOLDS: Entry(
        "The whole condition holds, whatever ticket comes: it is as if there were none.",
        'if: ticket.priority != "low" or ticket.priority != "high"',
        "Most often `and`, or `not in`, was meant. Else take `if` out.",
    ),
    Code.WILDCARD: Entry(
        "A text of a condition has a `*`, which stands for itself alone.",
        'if: ticket.title == "*outage*"',
        'Write `contains`, `starts with` or `ends with`: `ticket.title contains "outage"`.',
    ),
    Code.UNSEEN_CHARACTER: Entry(
        "A text of a condition, the name of a status or a keyword has a character that can't be seen, as pages of the "
        "web bring them, or a blank of another kind where texts are compared exactly. So it is not what it looks like.",
        'if: ticket.status == "in\u00a0progress"  # the blank is one that does not break',
        "Write the text anew by hand.",
    ),
    Code.UNREACHABLE_PART: Entry(
        "One part of an `or` can never hold where it stands.",
        'if: ticket.custom.severity > 3 and (ticket.custom.severity < 2 or ticket.priority == "high")',
        "Take the part out, or write what was meant.",
    ),
    Code.REDUNDANT_PART: Entry(
        "A part of the condition makes no difference: the other parts say as much.",
        'if: ticket.priority == "high" and ticket.priority != "low"',
        "Take it out, if that is what you meant.",
    ),
    Code.UNKNOWN_VALUE: Entry(
        "A condition compares with a value that nothing has: no record of the directory, or, where the rule file "
        "declares statuses, none of those. Of contracts, customers and people, only another spelling of the same id or "
        "name is proposed: what is merely near is somebody else's.",
        'if: ticket.product == "P-erpp"    # and the directory has the product P-erp',
        "Write the id that was meant; or load the record, declare the status.",
    ),
    Code.VALUE_NEVER_SEEN: Entry(
        "None of the recorded events (`--events`) had this value.",
        'if: previous.status == "waitng"',
        "Write the value that was meant; leave it where the platform will only begin to send it.",
    ),
    Code.SAME_RULE: Entry(
        "Two rules are for the same people, hold in the same cases and do the same.",
        "- {rule: one, for: site.contacts, send: {format: text}}\n"
        "- {rule: two, for: site.contacts, send: {format: text}}",
        "Delete one of them.",
    ),
    Code.SHADOWED_RULE: Entry(
        "Wherever this rule matches, another one matches too and does all that this one would do.",
        "extends: default\nrules:\n"
        '  - {rule: urgent, for: site.contacts, if: ticket.priority == "high"}   # site-contacts tells them anyway',
        "To narrow whom a default rule tells, give your rule its name. To do something else, say it under `send:`.",
    ),
    Code.SHADOWED_SETTING: Entry(
        "The rule's template, keyword or format is never used: one that always matches with it stands before it "
        "and gives its own. Or its digest or quiet hours: one that always matches with it sends at once.",
        '- {rule: all, for: site.contacts, send: {keyword: "[A]"}}\n'
        '- {rule: urgent, for: site.contacts, if: ticket.priority == "high", send: {keyword: "[U]", format: text}}',
        "Move the rule before the other one, or let it take that one's place with `instead_of`.",
    ),
    Code.ALWAYS_REPLACED: Entry(
        "This rule takes another one's place wherever that one matches, so that the other one never applies.",
        "- {rule: mine, for: site.contacts, instead_of: site-contacts}",
        "Give your rule the name of the default rule: it then stands in its place. Or delete the other one.",
    ),
    Code.NEVER_REPLACES: Entry(
        "The conditions of a rule and of the one that it takes the place of can never hold together.",
        '- {rule: low, for: site.contacts, if: ticket.priority == "low"}\n'
        '- {rule: high, for: site.contacts, if: ticket.priority == "high", instead_of: low}',
        "Take `instead_of` out, or let the conditions meet.",
    ),
    Code.EXPIRES_BEFORE_DIGEST: Entry(
        "Messages may expire before the digest that collects them is due: those go out at once, each by itself.",
        "settings: {deliver_within_hours: 72}\nrules:\n"
        "  - {rule: weekly, for: site.contacts, instead_of: site-contacts, send: {digest: weekly on monday at 08:00}}",
        "Let messages live longer: `settings: deliver_within_hours:`.",
    ),
    Code.NOT_ALL_COMPARED: Entry(
        "The file has so many rules that not every two of them are compared: those that always match are compared with "
        "all others first. What is said of rules beside each other is true, and more of it may go unsaid.",
        "",
        "Ask `tocsin match RULE --events …` what a rule does that you doubt.",
    ),
    Code.UNREADABLE_TEMPLATE: Entry(
        "A template can't be opened, is no regular file, is larger than 64 KiB, is not UTF-8, or is a link out of the "
        "templates folder.",
        "",
        "See that the file is there and may be read; save it as UTF-8.",
    ),
    Code.TEMPLATE_FILE_NAME: Entry(
        "A file of the templates folder has a name from which nothing can be told.",
        "templates/external/opened.j2",
        "Name it NAME.LANGUAGE.txt.j2 or NAME.LANGUAGE.html.j2, or _NAME.txt.j2 if others use it.",
    ),
    Code.MISSING_TEMPLATE: Entry(
        "A template is not there in a language, or lacks its text or HTML part; or a rule, a default or a customer's "
        "record names one that is not there at all. That is said at each place that names it, with where its files "
        "were looked for.",
        "settings: {languages: [en, fr, de]}    # and there is no external/opened.de.txt.j2",
        "Write the file that the message names, or write the name of a template that is there.",
    ),
    Code.TEMPLATE_SYNTAX: Entry(
        "The template can't be read.",
        "{% if ticket.product %}",
        "Close what is open at the place: {% endif %}, {% endfor %}, {% endblock %}, }}.",
    ),
    Code.MISSING_PIECE: Entry(
        "The template extends, includes or imports a file that is not there, or whose name is computed.",
        '{% include "_fotter.txt.j2" %}',
        "Write the name of a file of the templates folder.",
    ),
    Code.INTERNAL_FIELD: Entry(
        "A template that contacts get names something that is internal.",
        "{{ ticket.internal_notes }}",
        "Take it out. A custom field that contacts may see is declared `external: true`.",
    ),
    Code.UNKNOWN_NAME: Entry(
        "The template names something that is not there.",
        "{{ ticket.titel }}",
        "Write the name that was meant; rules/templates/README.md lists them.",
    ),
    Code.WRONG_USE: Entry(
        "The template uses something as what it is not: a macro, filter or test with other arguments than it takes, "
        "one value in a loop, a list where one value is shown, `loop` or `super()` where there is none.",
        '{{ ticket.title|replace("a") }}',
        "Write it as the message says; the arguments of a macro stand where it is defined.",
    ),
    Code.TEMPLATE_FAILS: Entry(
        "The template fails on a made-up ticket such as will come: one without optional fields, for example.",
        "{{ ticket.custom.severity }}    # some tickets have none",
        'Ask `is defined` first, or add `|default("")`.',
    ),
    Code.UNUSED_TEMPLATE: Entry(
        "No rule, no default and (with a directory) no customer's record names this template.",
        "templates/external/old.en.txt.j2",
        "Delete it, or name it in a rule.",
    ),
    Code.TEST_FILE: Entry(
        "A rule test names a person, an object or a reason that there is not, or its folder can't be read.",
        "expect: {alerted: [{who: contact/nobody}]}",
        "Write who and what `given` says there is; docs/testing-rules.md shows how.",
    ),
    Code.FAILED_TEST: Entry(
        "A rule test beside the rule file fails: the rules do not do what it says.",
        "expect: {alerted: []}    # and somebody is alerted",
        "`tocsin test` shows each difference. Mend the rule, or the test if it is the test that is wrong.",
    ),
    Code.DIRECTORY_RECORD: Entry(
        "A record of the directory can't be used: whoever it might alert, is not. Or a file of it can't be read: "
        "`tocsin up` goes on with its last good content, see docs/embedded.md; a first start is refused.",
        'modes: [{channel: email, address: "a@b.example; c@d.example", active: true}]',
        "Mend the field that the message names.",
    ),
    Code.DIRECTORY_KEY: Entry(
        "A record of the directory has a key that nothing reads: what was meant by it has no effect.",
        "{kind: contract, id: C-7, recipients: {product: {colaborators: true}}}",
        "Write the key that was meant; docs/directory.md has all of them. A key of your own begins with `x-`.",
    ),
    Code.DIRECTORY_WORD: Entry(
        "A word in a record of the directory means nothing: no such trigger, format, language or time zone exists, or "
        "it resembles `commitment` or `active` and is neither.",
        "{kind: contact, id: ct-1, alerts: [open]}",
        "Write one of the words that the message names.",
    ),
    Code.DIRECTORY_REMARK: Entry(
        "A record stands twice in the directory, or a file of it is not read because of its name.",
        "contacts.csv",
        "Delete one of the two; save the file as YAML or JSONL.",
    ),
    Code.LANGUAGE_WITHOUT_TEMPLATES: Entry(
        "People of the directory, or a rule, ask for a language in which there are no templates: they read the "
        "others, or the default one.",
        "{kind: contact, id: ct-1, language: pt-BR, …}",
        "Write the templates in that language and add it to `settings: languages:`, or leave it at that.",
    ),
    Code.KEYWORD_WITHOUT_LANGUAGE: Entry(
        "A keyword is written by language, and lacks one that people of the directory read: they get the default one.",
        'send: {keyword: {en: "[OUTAGE]"}}',
        "Add the keyword in that language, or write one text for all languages.",
    ),
    Code.CUSTOMER_BEFORE_RULE: Entry(
        "A rule gives a template, keyword or format to contacts, and the record of their customer gives another, which "
        "stands before it.",
        'send: {keyword: "[OUTAGE]"}',
        "Nothing, if the customer is to have its own; else write `overrides_customer: true` in the rule.",
    ),
    Code.DEFAULT_FORM_USED: Entry(
        "A customer's record enables a trigger without a template or a keyword of its own.",
        "alerts: {opened: {enabled: true}}",
        "Nothing, if the rule file's default is what the customer should get.",
    ),
    Code.SHARED_MAILBOX: Entry(
        "A collaborator has the address of a contact: what is internal would be sent there.",
        "{kind: collaborator, id: co-2, modes: [{channel: email, address: zoe@acme.example, active: true}]}",
        "Give the collaborator an address of their own.",
    ),
}
