"""What each screen shows, as typed views: made from ledger and history, whole for those who may see people."""
