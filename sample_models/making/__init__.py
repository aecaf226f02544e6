"""How the samples are made: the digits model, the saved cases, and the folders of test images."""
