"""Faxes for e-mail-to-fax gateways."""
