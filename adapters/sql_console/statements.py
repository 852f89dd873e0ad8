"""The console's statements, in what SQLite and PostgreSQL have in common (see adapters.sql_ledger.statements)."""

from __future__ import annotations

from typing import Final

ACCOUNT: Final = """
    SELECT name, roles, customers, password, disabled, language, time_zone FROM console_accounts WHERE name = :name
"""
ACCOUNTS: Final = """
    SELECT name, roles, customers, password, disabled, language, time_zone, added FROM console_accounts ORDER BY name
"""
ANY_ACCOUNT: Final = "SELECT COUNT(*) AS number FROM (SELECT 1 FROM console_accounts LIMIT 1) AS one"
ADD_ACCOUNT: Final = """
    INSERT INTO console_accounts (name, roles, customers, password, disabled, language, time_zone, added)
    VALUES (:name, :roles, :customers, :password, :disabled, :language, :time_zone, :added)
    ON CONFLICT (name) DO NOTHING RETURNING name
"""
PUT_ACCOUNT: Final = """
    UPDATE console_accounts SET roles = :roles, customers = :customers, password = :password, disabled = :disabled,
        language = :language, time_zone = :time_zone
    WHERE name = :name RETURNING name
"""

END_INVITATIONS: Final = """
    DELETE FROM console_invitations WHERE name = :name OR (name IS NULL AND :first = 1)
"""
KEEP_INVITATION: Final = """
    INSERT INTO console_invitations (digest, name, until) VALUES (:digest, :name, :until)
"""
FEWER_INVITATIONS: Final = """
    DELETE FROM console_invitations WHERE digest IN (
        SELECT digest FROM console_invitations ORDER BY until DESC, digest LIMIT 1000 OFFSET :most
    )
"""
INVITATION: Final = "SELECT digest, name, until FROM console_invitations WHERE digest = :digest AND until > :now"
TAKE_INVITATION: Final = """
    DELETE FROM console_invitations WHERE digest = :digest AND until > :now RETURNING name
"""

BEGIN_SESSION: Final = """
    INSERT INTO console_sessions (digest, name, began, seen, device) VALUES (:digest, :name, :began, :seen, :device)
"""
FEWER_SESSIONS: Final = """
    DELETE FROM console_sessions WHERE digest IN (
        SELECT digest FROM console_sessions WHERE name = :name ORDER BY seen DESC, digest LIMIT 1000 OFFSET :most
    )
"""
SESSION: Final = "SELECT digest, name, began, seen, device FROM console_sessions WHERE digest = :digest"
SESSIONS: Final = """
    SELECT digest, name, began, seen, device FROM console_sessions WHERE name = :name ORDER BY seen DESC, digest
"""
SEEN: Final = "UPDATE console_sessions SET seen = :now WHERE digest = :digest AND seen < :now"
END_SESSION: Final = "DELETE FROM console_sessions WHERE digest = :digest"
END_SESSIONS: Final = "DELETE FROM console_sessions WHERE name = :name AND digest <> :but RETURNING digest"
PRUNE_SESSIONS: Final = """
    DELETE FROM console_sessions WHERE digest IN (
        SELECT digest FROM console_sessions WHERE seen < :before ORDER BY seen LIMIT :limit
    ) RETURNING digest
"""

NOTE: Final = """
    INSERT INTO console_journal (at, who, action, subject, detail, client)
    VALUES (:at, :who, :action, :subject, :detail, :client)
"""
_ENTRIES: Final = "SELECT place, at, who, action, subject, detail, client FROM console_journal"
PRUNE_JOURNAL: Final = """
    DELETE FROM console_journal WHERE place IN (
        SELECT place FROM console_journal WHERE at < :before ORDER BY at LIMIT :limit
    ) RETURNING place
"""


def entries_statement(conditions: list[str]) -> str:
    """The statement that finds entries for which all of these hold."""
    where = " AND ".join(conditions) or "TRUE"
    return f"{_ENTRIES} WHERE {where} ORDER BY place DESC LIMIT :limit"
