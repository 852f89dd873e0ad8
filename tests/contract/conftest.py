"""Checks that stand outside of test files explain their failures as well."""

import pytest

pytest.register_assert_rewrite("tests.contract.ledger_promises")
