"""What is said between the window, the command line and the engine: typed, frozen messages.

Must not know torch, Qt, files or processes. Everything here can be encoded as MessagePack (between
the processes) and as JSON (the command line), and is never pickled.
"""
