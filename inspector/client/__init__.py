"""How to reach an engine: start it, speak with it, end it. Must not know torch or Qt."""
