"""From a job to the message that its person reads: mail, fax, text message or chat."""
