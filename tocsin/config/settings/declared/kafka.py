"""The brokers, and how to get in: table `[kafka]`."""

from __future__ import annotations

from typing import Final

from adapters.kafka.settings import LONGEST_SESSION, SESSION, SHORTEST_SESSION, Mechanism
from tocsin.config.settings.commands import INTAKE_TOOLS
from tocsin.config.settings.commands import KAFKA as ON_KAFKA
from tocsin.config.settings.forms import BROKERS, PREFIX, TEXT
from tocsin.config.settings.kinds import Choice, Flag, Number, Place
from tocsin.config.settings.setting import Secrecy, Setting

KAFKA: Final = Setting(
    key="kafka.brokers",
    variable="TOCSIN_KAFKA",
    option="--kafka",
    kind=BROKERS,
    meaning="Kafka's brokers, HOST:PORT, with commas between them.",
    used_by=ON_KAFKA,
    needed_by=("engine", "sender", "topics", "lag"),
    optionless=("person forgotten", "jobs show", *INTAKE_TOOLS),
)
KAFKA_PREFIX: Final = Setting(
    key="kafka.prefix",
    variable="TOCSIN_KAFKA_PREFIX",
    option="--prefix",
    kind=PREFIX,
    meaning="Stands before every name of a topic and group: letters, digits, '.', '_' and '-'.",
    used_by=ON_KAFKA,
    optionless=("person forgotten", "jobs show", *INTAKE_TOOLS),
)
KAFKA_TLS: Final = Setting(
    key="kafka.tls",
    variable="TOCSIN_KAFKA_TLS",
    kind=Flag(),
    meaning="TLS to the brokers; where nothing is said, if a file for it is named.",
    used_by=ON_KAFKA,
)
KAFKA_CA: Final = Setting(
    key="kafka.ca",
    variable="TOCSIN_KAFKA_CA",
    kind=Place("a file", is_read=True),
    meaning="Certificates to trust (PEM); else those whom the system trusts.",
    used_by=ON_KAFKA,
)
KAFKA_CERTIFICATE: Final = Setting(
    key="kafka.certificate",
    variable="TOCSIN_KAFKA_CERTIFICATE",
    kind=Place("a file", is_read=True),
    meaning="This client's own certificate (PEM).",
    used_by=ON_KAFKA,
)
KAFKA_KEY: Final = Setting(
    key="kafka.key",
    variable="TOCSIN_KAFKA_KEY",
    kind=Place("a file", is_read=True),
    meaning="The file with its key (PEM).",
    used_by=ON_KAFKA,
)
KAFKA_SASL: Final = Setting(
    key="kafka.sasl",
    variable="TOCSIN_KAFKA_SASL",
    kind=Choice(Mechanism),
    meaning="How to log in: SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN.",
    used_by=ON_KAFKA,
)
KAFKA_USERNAME: Final = Setting(
    key="kafka.username",
    variable="TOCSIN_KAFKA_USERNAME",
    kind=TEXT,
    meaning="As whom.",
    used_by=ON_KAFKA,
)
KAFKA_PASSWORD: Final = Setting(
    key="kafka.password",
    variable="TOCSIN_KAFKA_PASSWORD",
    kind=TEXT,
    meaning="With which password.",
    secrecy=Secrecy.WHOLE,
    used_by=ON_KAFKA,
)
KAFKA_SESSION: Final = Setting(
    key="kafka.session",
    variable="TOCSIN_KAFKA_SESSION",
    kind=Number(SHORTEST_SESSION.total_seconds(), LONGEST_SESSION.total_seconds()),
    meaning="Seconds without a sign of life after which a process loses its place in the group; brokers bound it.",
    default=SESSION.total_seconds(),
    used_by=("engine", "sender"),
)
