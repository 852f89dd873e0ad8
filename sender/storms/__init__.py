"""Too much for one mailbox at a time: what is held back, and the digest in which it goes out."""
