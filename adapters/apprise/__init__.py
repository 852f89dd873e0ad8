"""Services for SMS and chats, by the library Apprise: a URL says which service, and with which credentials."""
