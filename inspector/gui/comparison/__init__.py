"""The dock that compares the open model with another one, or with itself run otherwise; and what answers do to it."""
