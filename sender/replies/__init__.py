"""What a mail server's reply says about the recipient, the sender, or neither."""
