"""What an offer says and when it is due: values in, decisions out. No database, no clock; `now` is an argument."""
