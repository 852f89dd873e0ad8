"""Every outside thing, each in a folder of its own, behind the ports of engine and sender."""
