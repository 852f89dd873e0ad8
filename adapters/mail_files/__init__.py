"""Mails that lie in files: a file each, a folder, a Maildir, or an mbox."""
