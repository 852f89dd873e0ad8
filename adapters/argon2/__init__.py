"""Hashes of passwords by Argon2id (RFC 9106)."""
