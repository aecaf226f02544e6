"""Changes for a run as the user makes them: what can be changed of what is chosen, and a section that offers it."""
